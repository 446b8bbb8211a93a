// SPDX-License-Identifier: GPL-2.0
/*
 * patches/: sunrpc lends its requests. The kernel's own NFS client writes over
 * the pair to the kernel's own server, and what sendmsg() copies is counted. No
 * program of nfs-utils is needed: the caches of exports are filled beforehand,
 * and the port mapper is a few lines down here. S2.5
 */
#include "zc_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/nfs_mount.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define EXPORT	"/tmp/zc-nfs-export"
#define MOUNT	"/tmp/zc-nfs"
#define FILE_	MOUNT "/file"
#define NFSD	"/proc/fs/nfsd"
#define CACHES	"/proc/thread-self/net/rpc"
#define TRACE	"/sys/kernel/tracing/trace"
#define AUTH_SYS	1

/* ---- the server, in a process and a mount namespace of its own ---- */

static int put_word(const char *path, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return zc_write_file(path, buf);
}

static bool is_there(const char *fs)
{
	return !zc_system("grep -qw %s /proc/filesystems", fs);
}

static void be_private(void)
{
	ZC_SYS(unshare(CLONE_NEWNS));
	ZC_SYS(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* Whatever is registered is accepted */
static void *port_mapper(void *arg)
{
	int fd = *(int *)arg;
	u32 call[256], reply[8] = {
		htonl(0x80000000 | 28), 0, htonl(1), 0, 0, 0, 0, htonl(1),
	};

	for (;;) {
		int c = accept(fd, NULL, NULL);
		u32 mark;

		while (recv(c, &mark, 4, MSG_WAITALL) == 4) {
			size_t n = ntohl(mark) & 0x7fffffff;

			if (n > sizeof(call) ||
			    recv(c, call, n, MSG_WAITALL) != (ssize_t)n)
				break;
			reply[1] = call[0];
			send(c, reply, sizeof(reply), MSG_NOSIGNAL);
		}
		close(c);
	}
	return NULL;
}

static void serve_ports(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(111),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	static int fd;
	pthread_t thread;
	int one = 1;

	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	ZC_SYS(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	ZC_SYS(bind(fd, (void *)&to, sizeof(to)));
	ZC_SYS(listen(fd, 8));
	ZC_EQ(pthread_create(&thread, NULL, port_mapper, &fd), 0, "thread");
}

static void export_dir(void)
{
	/* insecure ports, async, no subtree check, fsid: NFSEXP_* */
	const int flags = 0x2 | 0x10 | 0x400 | 0x2000;

	ZC_EQ(put_word(CACHES "/auth.unix.ip/channel",
		       "nfsd 10.77.0.1 2147483647 zc\n"), 0, "auth.unix.ip");
	ZC_EQ(put_word(CACHES "/nfsd.export/channel",
		       "zc " EXPORT " 2147483647 %d 65534 65534 1\n", flags),
	      0, "nfsd.export");
	ZC_EQ(put_word(CACHES "/nfsd.fh/channel",
		       "zc 1 \\x01000000 2147483647 " EXPORT "\n"), 0,
	      "nfsd.fh");
}

struct handle {
	u16 size;
	u8 data[64];
};

static void root_handle(struct handle *h)
{
	char buf[256] = "zc " EXPORT " 64\n";
	int fd = ZC_SYS(open(NFSD "/filehandle", O_RDWR | O_CLOEXEC));
	unsigned int byte;
	char *p = buf + 2;

	ZC_EQ(write(fd, buf, strlen(buf)), strlen(buf), "filehandle");
	memset(buf, 0, sizeof(buf));
	ZC_CHECK(read(fd, buf, sizeof(buf) - 1) > 2, "no filehandle");
	close(fd);
	ZC_CHECK(!strncmp(buf, "\\x", 2), "filehandle: %s", buf);
	for (h->size = 0; h->size < 64 && sscanf(p, "%2x", &byte) == 1; p += 2)
		h->data[h->size++] = byte;
}

struct server {
	pid_t pid;
	int ask;	/* a byte: start anew. The end of it: go */
	int say;
	struct handle root;
};

/* Off and on: all of its connections end */
static void server_main(struct server *s)
{
	struct handle root = {};
	char c;

	/* outlives a case that is killed, to clean up */
	setsid();
	be_private();
	mkdir(EXPORT, 0755);
	ZC_SYS(mount("zc", EXPORT, "tmpfs", 0, "size=96M"));
	zc_enter(ZC_NS_B);
	ZC_SYS(mount("nfsd", NFSD, "nfsd", 0, NULL));
	serve_ports();
	do {
		/* forgotten when the last thread goes */
		export_dir();
		ZC_EQ(put_word(NFSD "/portlist", "tcp 2049\n"), 0, "port");
		ZC_EQ(put_word(NFSD "/threads", "2\n"), 0, "nfsd");
		root_handle(&root);
		ZC_EQ(write(s->say, &root, sizeof(root)), sizeof(root), "root");
		c = 0;
		if (read(s->ask, &c, 1) == 1 && c == 'h') {
			/* what has arrived */
			int fd = ZC_SYS(open(EXPORT "/file", O_RDONLY));
			struct stat st;
			struct zc_hash h;
			char *p;

			ZC_SYS(fstat(fd, &st));
			p = mmap(NULL, st.st_size ?: 1, PROT_READ, MAP_SHARED,
				 fd, 0);
			zc_hash_init(&h);
			zc_hash_add(&h, p, st.st_size);
			root.size = 8;
			memcpy(root.data, &(u64){ zc_hash_val(&h) }, 8);
			ZC_EQ(write(s->say, &root, sizeof(root)), sizeof(root),
			      "hash");
			c = 0;
			if (read(s->ask, &c, 1) != 1)
				c = 0;
		}
		put_word(NFSD "/threads", "0\n");
	} while (c);
	zc_enter(ZC_NS_ROOT);
	umount(NFSD);
	umount(EXPORT);
	rmdir(EXPORT);
	_exit(0);
}

static void server_start(struct server *s)
{
	int ask[2], say[2];

	if (!is_there("nfsd") || !is_there("nfs"))
		zc_skip("this kernel has no NFS: patches/ and tools/vm/config/patched.config");
	ZC_SYS(pipe2(ask, O_CLOEXEC));
	ZC_SYS(pipe2(say, O_CLOEXEC));
	s->pid = ZC_SYS(fork());
	if (!s->pid) {
		close(ask[1]);
		close(say[0]);
		s->ask = ask[0];
		s->say = say[1];
		server_main(s);
	}
	close(ask[0]);
	close(say[1]);
	s->ask = ask[1];
	s->say = say[0];
	ZC_EQ(read(s->say, &s->root, sizeof(s->root)), sizeof(s->root),
	      "the server's root");
}

static u64 server_hash(struct server *s)
{
	struct handle h;
	u64 hash;

	ZC_EQ(write(s->ask, "h", 1), 1, "ask");
	ZC_EQ(read(s->say, &h, sizeof(h)), sizeof(h), "hash of the server's");
	memcpy(&hash, h.data, 8);
	return hash;
}

static void server_restart(struct server *s)
{
	struct handle h;

	ZC_EQ(write(s->ask, "r", 1), 1, "ask");
	ZC_EQ(read(s->say, &h, sizeof(h)), sizeof(h), "restart");
}

static void server_stop(struct server *s)
{
	int status;

	close(s->ask);
	ZC_EQ(waitpid(s->pid, &status, 0), s->pid, "waitpid");
	ZC_EQ(status, 0, "the server's exit status");
}

/* ---- the client ---- */

static void client_mount(const struct server *s)
{
	struct nfs_mount_data data = {
		.version = NFS_MOUNT_VERSION,
		.flags = NFS_MOUNT_VER3 | NFS_MOUNT_TCP | NFS_MOUNT_NONLM |
			 NFS_MOUNT_SECFLAVOUR | NFS_MOUNT_SOFT,
		.rsize = 262144, .wsize = 262144, .timeo = 300, .retrans = 3,
		.addr = { .sin_family = AF_INET, .sin_port = htons(2049) },
		.hostname = "10.77.0.2", .namlen = 255,
		.pseudoflavor = AUTH_SYS,
	};

	data.root.size = s->root.size;
	memcpy(data.root.data, s->root.data, s->root.size);
	inet_pton(AF_INET, "10.77.0.2", &data.addr.sin_addr);
	be_private();
	mkdir(MOUNT, 0755);
	zc_enter(ZC_NS_A);
	ZC_SYS(mount("10.77.0.2:" EXPORT, MOUNT, "nfs", 0, &data));
}

static void client_umount(void)
{
	ZC_SYS(umount(MOUNT));
	rmdir(MOUNT);
}

/*
 * Sums what TCP has copied since: before it copies, and before it splices (the
 * server's answers, of a few bytes), it asks for room, but not before it lends.
 */
static void copies_start(void)
{
	zc_kprobe("tcp_wmem_schedule bytes=%si:s32");
	zc_write_file("/sys/kernel/tracing/buffer_size_kb", "4096");
	close(ZC_SYS(open(TRACE, O_WRONLY | O_TRUNC)));
}

static u64 copies_end(unsigned int *calls)
{
	FILE *f = fopen(TRACE, "r");
	char line[512], *p;
	u64 sum = 0;

	ZC_CHECK(f, "%s", TRACE);
	for (*calls = 0; fgets(line, sizeof(line), f);) {
		p = strstr(line, "bytes=");
		if (!p || !strstr(line, "hit:"))
			continue;
		sum += strtoull(p + 6, NULL, 10);
		++*calls;
	}
	fclose(f);
	zc_kprobe_end();
	return sum;
}

#define LEN	ZC_MB(8)

static void write_all(int fd, const char *buf, size_t len)
{
	size_t done;

	for (done = 0; done < len; done += ZC_MB(1))
		ZC_EQ(write(fd, buf + done, ZC_MB(1)), ZC_MB(1), "write");
	ZC_EQ(fsync(fd), 0, "fsync");
}

/* Pages that stay in the cache when they are not wanted: somebody has them */
static size_t cached(int fd, size_t len)
{
	size_t n = 0, i, pages = len / 4096;
	unsigned char *in = malloc(pages);
	void *p;

	posix_fadvise(fd, 0, len, POSIX_FADV_DONTNEED);
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	ZC_CHECK(p != MAP_FAILED && in, "mmap");
	ZC_SYS(mincore(p, len, in));
	for (i = 0; i < pages; i++)
		n += in[i] & 1;
	munmap(p, len);
	free(in);
	return n;
}

enum how { PLAIN, DIRECT, NO_SG, STORM, RESTART };

static void write_file(const void *arg)
{
	const enum how how = *(const enum how *)arg;
	size_t len = zc_scale(LEN, ZC_MB(2));
	char *buf = zc_alloc(len, 190);
	unsigned int calls;
	struct server s;
	u64 copied;
	int fd, i;

	server_start(&s);
	if (how == NO_SG && zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A),
					   "tx-scatter-gather", false))
		zc_skip("scatter-gather cannot be switched");
	if (how == STORM)
		zc_qdisc(ZC_NS_A, "netem loss 1% duplicate 5% reorder 2% delay 1ms");
	client_mount(&s);
	fd = ZC_SYS(open(FILE_, O_RDWR | O_CREAT | (how == DIRECT ? O_DIRECT : 0),
			 0600));
	copies_start();
	if (how == RESTART) {
		/* dirty pages are on their way when the connection ends */
		for (i = 0; i < 8; i++) {
			ZC_EQ(pwrite(fd, buf + i * (len / 8), len / 8,
				     i * (len / 8)), len / 8, "write");
			ZC_SYS(sync_file_range(fd, i * (len / 8), len / 8,
					       SYNC_FILE_RANGE_WRITE));
			if (i % 3 == 1)
				server_restart(&s);
		}
		ZC_EQ(fsync(fd), 0, "fsync");
	} else {
		write_all(fd, buf, len);
	}
	copied = copies_end(&calls);
	zc_note("%zu bytes written, %llu copied by %u calls", len,
		(unsigned long long)copied, calls);
	ZC_EQ(server_hash(&s), zc_hash_buf(buf, len), "what has arrived");
	/*
	 * Without scatter-gather packets are copied below TCP. Behind data that
	 * was copied TCP asks in vain, once for each new packet.
	 */
	ZC_CHECK(copied < len / (how == RESTART ? 8 : 64),
		 "%llu bytes were copied", (unsigned long long)copied);
	if (how != DIRECT)
		ZC_CHECK(zc_wait_for(!cached(fd, len), 5000),
			 "%zu pages are still held", cached(fd, len));
	/* and what is read is what was written */
	ZC_EQ(pread(fd, buf, ZC_MB(1), 0), ZC_MB(1), "pread");
	close(fd);
	client_umount();
	server_stop(&s);
	if (how == NO_SG)
		zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), "tx-scatter-gather",
			       true);
}

static const enum how plain = PLAIN, direct = DIRECT, no_sg = NO_SG,
		      storm = STORM, restart = RESTART;

#define F ZC_F_PAIR

static const struct zc_case cases[] = {
	{ "write", write_file, &plain, F, 0 },
	{ "write_direct", write_file, &direct, F, 0 },
	{ "write_no_sg", write_file, &no_sg, F, 0 },
	{ "write_storm", write_file, &storm, F, 240 },
	{ "server_restarts", write_file, &restart, F, 240 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "sunrpc", cases, ZC_ARRAY_SIZE(cases));
}
