import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.OutputArchive;
import org.apache.jute.Record;

/**
 * Lets the records of Apache's zookeeper-jute be looked at from outside. A record's fields, in order and with names and
 * types, are what its serialize() tells an archive of ours; its bytes are what BinaryOutputArchive makes of it.
 *
 * describe        prints every record of the jar: class, then name:type of each field
 * random N SEED   prints N times per class: class, hex, dump of a record with random values
 * echo            reads lines "class hex"; prints hex and dump of what that deserializes to, or "!" and the exception's class
 * decode          reads hex lines; prints the UTF-16 units of the string that Java makes of them
 * encode          reads lines of UTF-16 units in hex; prints the bytes that writeString makes of them, length included
 */
public class RecordDump {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        PrintWriter out = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
        switch (args[0]) {
            case "describe" -> describe(out);
            case "random" -> random(out, Integer.parseInt(args[1]), new Random(Long.parseLong(args[2])));
            default -> {
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    out.println(switch (args[0]) {
                        case "echo" -> echo(line.substring(0, line.indexOf(' ')), HEX.parseHex(line.substring(line.indexOf(' ') + 1)));
                        case "decode" -> units(new String(HEX.parseHex(line), StandardCharsets.UTF_8));
                        case "encode" -> encode(line);
                        default -> throw new IllegalArgumentException(args[0]);
                    });
                }
            }
        }
        out.flush();
    }

    private static void describe(PrintWriter out) throws Exception {
        for (Class<? extends Record> type : recordClasses().values()) {
            Record record = type.getDeclaredConstructor().newInstance();
            fill(record, new Random(1), 1);
            TypeArchive archive = new TypeArchive();
            record.serialize(archive, "");
            out.println(type.getName() + " " + String.join(" ", archive.fields));
        }
    }

    private static void random(PrintWriter out, int count, Random random) throws Exception {
        for (Class<? extends Record> type : recordClasses().values()) {
            for (int i = 0; i < count; i++) {
                Record record = type.getDeclaredConstructor().newInstance();
                fill(record, random, -1);
                out.println(type.getName() + " " + HEX.formatHex(bytes(record)) + " " + dump(record));
            }
        }
    }

    private static String echo(String name, byte[] bytes) throws Exception {
        Record record = (Record) Class.forName(name).getDeclaredConstructor().newInstance();
        try {
            record.deserialize(BinaryInputArchive.getArchive(new ByteArrayInputStream(bytes)), "");
        } catch (IOException e) {
            return "! " + e.getClass().getSimpleName();
        }
        return HEX.formatHex(bytes(record)) + " " + dump(record);
    }

    private static String encode(String hex) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < hex.length(); at += 4) {
            text.append((char) HexFormat.fromHexDigits(hex, at, at + 4));
        }
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        BinaryOutputArchive.getArchive(stream).writeString(text.toString(), "");
        return HEX.formatHex(stream.toByteArray());
    }

    private static byte[] bytes(Record record) throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        record.serialize(BinaryOutputArchive.getArchive(stream), "");
        return stream.toByteArray();
    }

    private static String dump(Record record) throws IOException {
        ValueArchive archive = new ValueArchive();
        record.serialize(archive, "");
        return String.join(" ", archive.values);
    }

    private static String units(String text) {
        StringBuilder hex = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            hex.append(HEX.toHexDigits((short) text.charAt(i)));
        }
        return hex.toString();
    }

    /** Every record class in the jar that Record itself comes from, by name. */
    private static TreeMap<String, Class<? extends Record>> recordClasses() throws Exception {
        TreeMap<String, Class<? extends Record>> found = new TreeMap<>();
        File file = new File(Record.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (JarFile jar = new JarFile(file)) {
            for (String entry : (Iterable<String>) jar.stream().map(e -> e.getName())::iterator) {
                if (!entry.endsWith(".class") || !entry.startsWith("org/apache/zookeeper/")) continue;
                String name = entry.substring(0, entry.length() - 6).replace('/', '.');
                Class<?> type = Class.forName(name, false, Record.class.getClassLoader());
                if (Record.class.isAssignableFrom(type) && !type.isInterface()) found.put(type.getName(), type.asSubclass(Record.class));
            }
        }
        return found;
    }

    /** Gives every field a random value. size: of vectors; negative for a random one, with nulls among them. */
    private static void fill(Record record, Random random, int size) throws Exception {
        for (Field field : record.getClass().getDeclaredFields()) {
            if (java.lang.reflect.Modifier.isStatic(field.getModifiers())) continue;
            field.setAccessible(true);
            field.set(record, value(field.getGenericType(), random, size));
        }
    }

    private static Object value(Type type, Random random, int size) throws Exception {
        if (type == int.class) return random.nextInt();
        if (type == long.class) return random.nextLong();
        if (type == boolean.class) return random.nextBoolean();
        boolean isNull = size < 0 && random.nextInt(5) == 0;
        if (type == String.class) return isNull ? null : text(random);
        if (type == byte[].class) return isNull ? null : content(random);
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            if (isNull) return null;
            List<Object> items = new ArrayList<>();
            for (int left = size < 0 ? random.nextInt(5) : size; left > 0; left--) {
                items.add(value(list.getActualTypeArguments()[0], random, size));
            }
            return items;
        }
        Record record = (Record) ((Class<?>) type).getDeclaredConstructor().newInstance();
        fill(record, random, size);
        return record;
    }

    /** No surrogates: Java does not read back what it writes for them. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int left = random.nextInt(40); left > 0; left--) {
            int limit = random.nextInt(4) == 0 ? 0xd800 : 0x80;
            text.append((char) random.nextInt(limit));
        }
        return text.toString();
    }

    private static byte[] content(Random random) {
        byte[] bytes = new byte[random.nextInt(50)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Writes down name:type for the fields of one record; of a vector's elements only the type. */
    private static class TypeArchive implements OutputArchive {
        final List<String> fields = new ArrayList<>();
        /** Vectors being written; the innermost gets its element's type. */
        private int depth = 0;
        private String vector = "";

        private void field(String type, String tag) {
            if (depth > 0) vector = vector.replace("?", type);
            else fields.add(tag + ":" + type);
        }

        public void writeByte(byte b, String tag) { field("byte", tag); }
        public void writeBool(boolean b, String tag) { field("boolean", tag); }
        public void writeInt(int i, String tag) { field("int", tag); }
        public void writeLong(long l, String tag) { field("long", tag); }
        public void writeFloat(float f, String tag) { field("float", tag); }
        public void writeDouble(double d, String tag) { field("double", tag); }
        public void writeString(String s, String tag) { field("ustring", tag); }
        public void writeBuffer(byte[] buf, String tag) { field("buffer", tag); }
        public void writeRecord(Record r, String tag) { field(r.getClass().getName(), tag); }
        public void startRecord(Record r, String tag) { if (depth > 0) field(r.getClass().getName(), tag); }
        public void endRecord(Record r, String tag) { }

        public void startVector(List<?> v, String tag) {
            vector = depth++ == 0 ? "vector<?>" : vector.replace("?", "vector<?>");
        }

        public void endVector(List<?> v, String tag) {
            if (--depth == 0) fields.add(tag + ":" + vector);
        }

        public void startMap(TreeMap<?, ?> v, String tag) { throw new UnsupportedOperationException("map"); }
        public void endMap(TreeMap<?, ?> v, String tag) { throw new UnsupportedOperationException("map"); }
        public long getDataSize() { return 0; }
    }

    /** Writes down every value in order, depth first: tag=value, strings as UTF-16 units, vectors as their size. */
    private static class ValueArchive implements OutputArchive {
        final List<String> values = new ArrayList<>();

        private void value(String tag, Object value) {
            values.add(tag + "=" + value);
        }

        public void writeByte(byte b, String tag) { value(tag, b); }
        public void writeBool(boolean b, String tag) { value(tag, b); }
        public void writeInt(int i, String tag) { value(tag, i); }
        public void writeLong(long l, String tag) { value(tag, l); }
        public void writeFloat(float f, String tag) { value(tag, f); }
        public void writeDouble(double d, String tag) { value(tag, d); }
        public void writeString(String s, String tag) { value(tag, s == null ? null : "u" + units(s)); }
        public void writeBuffer(byte[] buf, String tag) { value(tag, buf == null ? null : "x" + HEX.formatHex(buf)); }
        public void writeRecord(Record r, String tag) throws IOException { r.serialize(this, tag); }
        public void startRecord(Record r, String tag) { }
        public void endRecord(Record r, String tag) { }
        public void startVector(List<?> v, String tag) { value(tag, v == null ? null : "n" + v.size()); }
        public void endVector(List<?> v, String tag) { }
        public void startMap(TreeMap<?, ?> v, String tag) { throw new UnsupportedOperationException("map"); }
        public void endMap(TreeMap<?, ?> v, String tag) { throw new UnsupportedOperationException("map"); }
        public long getDataSize() { return 0; }
    }
}
