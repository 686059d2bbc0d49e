/*
 * A disk that stalls when a test says so. Preloaded into a server, it stands before the calls of the C library that reach a disk. The directory
 * named by the environment's STALLS holds one control file for each kind of call: "8000 log." in the file "write" makes every write to a path
 * that contains "log." take 8,000 ms, or until the control file goes. Each stall is told of in the file "stalls", when it begins and when it
 * ends, with the thread that is stuck. Syncs cost nothing otherwise: no test here cuts the power, and a quick disk keeps the tests quick.
 * Only what lies in a directory "version-2" is touched. Everything here uses bare system calls, because the library's own are replaced.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 600, LOOK_MS = 5 };

static long now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000L + at.tv_nsec / 1000000L;
}

/* What the control file of that kind holds, its end cut off; 0 when there is none. */
static int read_control(const char *directory, const char *kind, char *text, size_t size) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", directory, kind);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  long got = syscall(SYS_read, fd, text, size - 1);
  syscall(SYS_close, fd);
  if (got <= 0) return 0;
  text[got] = 0;
  return 1;
}

static void tell(const char *directory, const char *what, const char *kind, const char *path) {
  char file[PATH_BYTES], line[2 * PATH_BYTES];
  snprintf(file, sizeof file, "%s/stalls", directory);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  const char *thread = syscall(SYS_gettid) == syscall(SYS_getpid) ? "main" : "other";
  int length = snprintf(line, sizeof line, "%s %s %s %s\n", what, kind, thread, path);
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

/* Takes as long as the test wants a call of that kind on that path to take. */
static void stall(const char *kind, const char *path) {
  char text[PATH_BYTES], *where;
  const char *directory = getenv("STALLS");
  if (directory == NULL || path == NULL || strstr(path, "/version-2") == NULL) return;
  if (!read_control(directory, kind, text, sizeof text)) return;
  long limit = strtol(text, &where, 10), begun = now_ms();
  while (*where == ' ') where++;
  if (strstr(path, where) == NULL) return;
  int error = errno;
  tell(directory, "begin", kind, path);
  do {
    struct timespec pause = {0, LOOK_MS * 1000000L};
    syscall(SYS_nanosleep, &pause, NULL);
  } while (now_ms() - begun < limit && read_control(directory, kind, text, sizeof text));
  tell(directory, "end", kind, path);
  errno = error;
}

/* The path of an open file; an empty text for what has none. */
static const char *path_of(int fd, char *path) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_BYTES - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

static void stall_fd(const char *kind, int fd) {
  char path[PATH_BYTES];
  int error = errno;
  path_of(fd, path);
  errno = error;
  stall(kind, path);
}

/* The path itself, or that of the directory with the name behind it. */
static void stall_at(const char *kind, int directory, const char *name) {
  char base[PATH_BYTES], path[2 * PATH_BYTES];
  if (name[0] == '/' || directory == AT_FDCWD) {
    stall(kind, name);
    return;
  }
  snprintf(path, sizeof path, "%s/%s", path_of(directory, base), name);
  stall(kind, path);
}

#define REAL(name, result, ...)                                  \
  static result (*real)(__VA_ARGS__);                            \
  if (real == NULL) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL("write", ssize_t, int, const void *, size_t);
  stall_fd("write", fd);
  return real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL("writev", ssize_t, int, const struct iovec *, int);
  stall_fd("write", fd);
  return real(fd, pieces, count);
}

#define PWRITE(name, offset)                                                   \
  ssize_t name(int fd, const void *bytes, size_t count, offset at) {           \
    REAL(#name, ssize_t, int, const void *, size_t, offset);                   \
    stall_fd("write", fd);                                                     \
    return real(fd, bytes, count, at);                                         \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, offset)                                                  \
  ssize_t name(int fd, const struct iovec *pieces, int count, offset at) {     \
    REAL(#name, ssize_t, int, const struct iovec *, int, offset);              \
    stall_fd("write", fd);                                                     \
    return real(fd, pieces, count, at);                                        \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define SYNC(name)                                                             \
  int name(int fd) {                                                           \
    REAL(#name, int, int);                                                     \
    char path[PATH_BYTES];                                                     \
    if (strstr(path_of(fd, path), "/version-2") == NULL) return real(fd);      \
    stall("sync", path);                                                       \
    return 0;                                                                  \
  }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
  REAL("unlink", int, const char *);
  stall("unlink", path);
  return real(path);
}

int unlinkat(int directory, const char *name, int flags) {
  REAL("unlinkat", int, int, const char *, int);
  stall_at("unlink", directory, name);
  return real(directory, name, flags);
}

int remove(const char *path) {
  REAL("remove", int, const char *);
  stall("unlink", path);
  return real(path);
}

int rename(const char *from, const char *to) {
  REAL("rename", int, const char *, const char *);
  stall("rename", to);
  return real(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL("renameat", int, int, const char *, int, const char *);
  stall_at("rename", to_directory, to);
  return real(from_directory, from, to_directory, to);
}

#define TRUNCATE(name, offset)                                                 \
  int name(int fd, offset length) {                                            \
    REAL(#name, int, int, offset);                                             \
    stall_fd("truncate", fd);                                                  \
    return real(fd, length);                                                   \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

/* The third argument is there for some flags only, and harmless to hand on. */
#define WITH_MODE(last)                                                        \
  va_list more;                                                                \
  va_start(more, last);                                                        \
  mode_t mode = va_arg(more, mode_t);                                          \
  va_end(more)

#define OPEN(name)                                                             \
  int name(const char *path, int flags, ...) {                                 \
    REAL(#name, int, const char *, int, ...);                                  \
    WITH_MODE(flags);                                                          \
    stall("open", path);                                                       \
    return real(path, flags, mode);                                            \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
  int name(int directory, const char *path, int flags, ...) {                  \
    REAL(#name, int, int, const char *, int, ...);                             \
    WITH_MODE(flags);                                                          \
    stall_at("open", directory, path);                                         \
    return real(directory, path, flags, mode);                                 \
  }
OPENAT(openat)
OPENAT(openat64)

DIR *opendir(const char *path) {
  REAL("opendir", DIR *, const char *);
  stall("list", path);
  return real(path);
}

#define SCANDIR(name, entry)                                                                                                        \
  int name(const char *path, struct entry ***found, int (*wanted)(const struct entry *),                                            \
           int (*order)(const struct entry **, const struct entry **)) {                                                            \
    REAL(#name, int, const char *, struct entry ***, int (*)(const struct entry *), int (*)(const struct entry **, const struct entry **)); \
    stall("list", path);                                                                                                            \
    return real(path, found, wanted, order);                                                                                        \
  }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)
