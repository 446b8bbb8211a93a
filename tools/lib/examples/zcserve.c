// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A file server: reads files into an area and sends them from there with
 * MSG_ZEROCOPY. A piece of the area is written to again only when the completion
 * page says that the network has done with it.
 *
 *   zcserve DIRECTORY PORT
 *
 * A client connects, sends a file's name and a newline, and gets the file, then the
 * end of the stream; nothing, if there is no such file. Any client will do:
 *
 *   exec 3<>/dev/tcp/server/7777; echo name >&3; cksum <&3
 *
 * Four clients are served at a time, each by a thread with a part of the area.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libzerocopy.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif

#define THREADS		4
#define SLOTS		4
#define SLOT		((size_t)256 << 10)	/* what is read, and sent, at a time */
#define PART		(SLOTS * SLOT)		/* of one thread */

static int dev, listener, directory;

struct client {
	int sock;
	struct zcpy_page *page;
	char *part;
	uint64_t next;			/* id of the next send */
	uint64_t slot_next[SLOTS];	/* id behind the last out of each slot */
};

static void fail(int error, const char *what)
{
	errno = -error;
	err(1, "%s", what);
}

/* Nothing of the slot is in flight any more. */
static void slot_wait(struct client *c, unsigned int slot)
{
	int error;

	if (c->slot_next[slot] == zcpy_page_first(c->page))
		return;
	do
		error = zcpy_page_wait(c->page, c->slot_next[slot] - 1, -1);
	while (error == -EINTR);
	/*
	 * Whatever it is, the memory must not be touched again. When a process
	 * ends, what is in flight stays until it has been sent.
	 */
	if (error)
		fail(error, "zcpy_page_wait");
}

static bool slot_send(struct client *c, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = send(c->sock, p, len, MSG_ZEROCOPY | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n < 0)
			return false;	/* the client is gone */
		/* As without an entry: then nobody tells when it has been sent */
		if (!zcpy_page_follows(c->page, c->next))
			errx(1, "sends pass zerocopy.ko by: is an entry loaded?");
		c->next++;
	}
	return true;
}

static void send_file(struct client *c, int file)
{
	unsigned int slot;
	ssize_t len;
	char *p;

	for (slot = 0; ; slot = (slot + 1) % SLOTS) {
		slot_wait(c, slot);
		p = c->part + slot * SLOT;
		len = read(file, p, SLOT);
		if (len <= 0)
			break;
		if (!slot_send(c, p, len))
			break;
		c->slot_next[slot] = c->next;
	}
	if (len < 0)
		warn("read");
}

/* From the directory, or from below it, or -1 */
static int open_file(int sock)
{
	char name[4096];
	size_t at = 0;
	ssize_t n;
	char *end;

	do {
		n = recv(sock, name + at, sizeof(name) - at, 0);
		if (n <= 0)
			return -1;
		end = memchr(name + at, '\n', n);
		at += n;
	} while (!end && at < sizeof(name));
	if (!end)
		return -1;
	*end = 0;
	if (name[0] == '/' || strstr(name, ".."))
		return -1;
	return openat(directory, name, O_RDONLY | O_CLOEXEC);
}

static void serve(int sock, char *part)
{
	const struct timeval patience = { .tv_sec = 120 };
	const int one = 1, patience_ms = 120000;
	struct client c = { .sock = sock, .part = part };
	unsigned int slot;
	int error, file;

	/* A client that asks nothing, or reads no more, must not keep a part. */
	if (setsockopt(sock, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) ||
	    setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
		       sizeof(patience_ms)))
		err(1, "setsockopt");
	file = open_file(sock);
	if (file < 0) {
		close(sock);
		return;
	}
	error = zcpy_page_open(dev, sock, 0, -1, &c.page);
	if (error)
		fail(error, "zcpy_page_open");
	c.next = zcpy_page_first(c.page);
	for (slot = 0; slot < SLOTS; slot++)
		c.slot_next[slot] = c.next;

	send_file(&c, file);
	close(file);
	/* The page outlives the socket, and so tells when the part is free. */
	close(sock);
	for (slot = 0; slot < SLOTS; slot++)
		slot_wait(&c, slot);
	printf("%llu sends, %llu copied\n",
	       (unsigned long long)(c.next - zcpy_page_first(c.page)),
	       (unsigned long long)c.page->map->copied);
	fflush(stdout);
	zcpy_page_close(c.page);
}

static void *server(void *part)
{
	int sock;

	for (;;) {
		sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (sock >= 0)
			serve(sock, part);
		else if (errno != EINTR && errno != ECONNABORTED)
			err(1, "accept");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6 };
	const int one = 1;
	pthread_t thread;
	void *area;
	int i, error;

	if (argc != 3)
		errx(2, "usage: zcserve DIRECTORY PORT");
	directory = open(argv[1], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (directory < 0)
		err(1, "%s", argv[1]);
	addr.sin6_port = htons(atoi(argv[2]));

	dev = zcpy_open();
	if (dev < 0)
		fail(dev, "/dev/zerocopy");
	error = zcpy_memory(THREADS * PART, &area);
	if (error)
		fail(error, "memory");
	/* What is sent from it is found by its address: nothing else to be done */
	error = zcpy_area_register(dev, area, THREADS * PART,
				   ZEROCOPY_AREA_SEND);
	if (error < 0)
		fail(error, "zcpy_area_register");

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (void *)&addr, sizeof(addr)) ||
	    listen(listener, 64))
		err(1, "port %s", argv[2]);
	for (i = 1; i < THREADS; i++) {
		errno = pthread_create(&thread, NULL, server,
				       (char *)area + i * PART);
		if (errno)
			err(1, "thread");
	}
	server(area);
	return 0;
}
