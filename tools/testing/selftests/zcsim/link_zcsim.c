// SPDX-License-Identifier: GPL-2.0
/*
 * Teaches ip "type zcsim peer ...": a plugin (IP_LIB_DIR, or iproute2's own
 * directory) that borrows the parser of veth, which takes the same attribute.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

/* The beginning of iproute2's struct; what follows is copied unseen. */
struct link_util {
	struct link_util *next;
	const char *id;
	void *rest[16];
};

struct link_util zcsim_link_util;

static void __attribute__((constructor)) zcsim_link_init(void)
{
	const struct link_util *veth = dlsym(RTLD_DEFAULT, "veth_link_util");

	/* Nine words, as it has been for long. */
	if (veth)
		memcpy(&zcsim_link_util, veth, 9 * sizeof(void *));
	zcsim_link_util.next = NULL;
	zcsim_link_util.id = "zcsim";
}
