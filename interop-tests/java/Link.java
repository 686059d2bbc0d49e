// A TCP relay between a client and the server that can be cut, to see what a client is told when it comes back.
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

final class Link implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int serverPort;
    private final List<Socket> sockets = new ArrayList<>();
    private boolean whole = true;

    Link(String server) throws IOException {
        serverPort = Integer.parseInt(server.substring(server.lastIndexOf(':') + 1));
        daemon(this::accept);
    }

    /** The address that the client connects to. */
    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Ends the present connections and refuses new ones until mend. */
    synchronized void cut() throws IOException {
        whole = false;
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    synchronized void mend() {
        whole = true;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }

    private void accept() {
        try {
            for (;;) {
                join(listener.accept());
            }
        } catch (IOException end) {
            // The listener was closed.
        }
    }

    private synchronized void join(Socket client) throws IOException {
        if (!whole) {
            client.close();
            return;
        }
        Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        sockets.add(client);
        sockets.add(server);
        daemon(() -> copy(client, server));
        daemon(() -> copy(server, client));
    }

    private static void copy(Socket from, Socket to) {
        byte[] buffer = new byte[65536];
        try (InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                out.write(buffer, 0, length);
            }
        } catch (IOException end) {
            // One side has gone; closing the streams tells the other.
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }
}
