// SPDX-License-Identifier: GPL-2.0
/*
 * Plugin for QEMU: how many instructions the guest executes, and where, between
 * the marks that send.c and receive.c set. Exact, and nothing in the guest
 * notices; interrupts being off hides nothing either.
 *
 * Writes lines "ADDRESS INSTRUCTIONS CALLS", one for each block of code, and
 * "rounds N" first.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

#define BUCKETS	131072

struct block {
	struct block	*next;
	uint64_t	vaddr;
	uint64_t	insns;
	uint64_t	now;	/* times executed, since the last mark */
	uint64_t	total;	/* the same, between marks */
};

static struct block *blocks[BUCKETS];
static unsigned long rounds;
static const char *path;

static struct block *find(uint64_t vaddr, uint64_t insns)
{
	uint64_t hash = (vaddr * 31 + insns) * 0x9e3779b97f4a7c15;
	struct block **head = &blocks[hash >> 47], *b;

	for (b = *head; b; b = b->next)
		if (b->vaddr == vaddr && b->insns == insns)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->vaddr = vaddr;
	b->insns = insns;
	b->next = *head;
	*head = b;
	return b;
}

/* @data: 1 at the beginning of a round, 2 at its end. */
static void mark(unsigned int vcpu, void *data)
{
	bool end = (intptr_t)data == 2;
	struct block *b;
	unsigned int i;

	(void)vcpu;
	for (i = 0; i < BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next) {
			if (end)
				b->total += b->now;
			b->now = 0;
		}
	}
	rounds += end;
}

/* The nop of mark_begin() in measure.h; its last byte is the number. */
static const uint8_t nop[] = { 0x0f, 0x1f, 0x84, 0x00, 0x5a, 0x43, 0x00 };

static void *which(const uint8_t *code)
{
	return (void *)(intptr_t)code[sizeof(nop)];
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct qemu_plugin_insn *insn;
	const uint8_t *code;
	struct block *b;

	(void)id;
	b = find(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)), n);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &b->now, 1);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		code = qemu_plugin_insn_data(insn);
		if (qemu_plugin_insn_size(insn) == sizeof(nop) + 1 &&
		    !memcmp(code, nop, sizeof(nop)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, 0,
							       which(code));
	}
}

static void finish(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(path, "w");
	struct block *b;
	unsigned int i;

	(void)id;
	(void)data;
	if (!f) {
		perror(path);
		return;
	}
	fprintf(f, "rounds %lu\n", rounds);
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->total)
				fprintf(f, "%016llx %llu %llu\n",
					(unsigned long long)b->vaddr,
					(unsigned long long)(b->total * b->insns),
					(unsigned long long)b->total);
	fclose(f);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "profile: say out=FILE\n");
		return -1;
	}
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
