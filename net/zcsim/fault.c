// SPDX-License-Identifier: GPL-2.0
/*
 * What goes wrong, by order: knobs of each queue in debugfs, and how often
 * each of them did something.
 *
 * /sys/kernel/debug/zcsim/<parent>/{tx,rx}<queue>/<knob> and <knob>_count
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <net/page_pool/types.h>

#include "zcsim.h"

#define ZCSIM_TX	BIT(0)
#define ZCSIM_RX	BIT(1)

/* How a knob's value is read, see the three functions behind the table. */
static const struct {
	const char	*name;
	unsigned int	where;
} zcsim_fault_names[ZCSIM_FAULTS] = {
	[ZCSIM_DROP]		= { "drop", ZCSIM_TX | ZCSIM_RX },
	[ZCSIM_DUPLICATE]	= { "duplicate", ZCSIM_TX },
	[ZCSIM_REORDER]		= { "reorder", ZCSIM_TX },
	[ZCSIM_CORRUPT]		= { "corrupt", ZCSIM_TX | ZCSIM_RX },
	[ZCSIM_DELAY]		= { "delay_us", ZCSIM_TX | ZCSIM_RX },
	[ZCSIM_HOLD]		= { "hold", ZCSIM_TX | ZCSIM_RX },
	[ZCSIM_STARVE]		= { "starve", ZCSIM_RX },
	[ZCSIM_FAIL_START]	= { "fail_start", ZCSIM_TX | ZCSIM_RX },
	[ZCSIM_FAIL_STOP]	= { "fail_stop", ZCSIM_RX },
	[ZCSIM_UNPLUG]		= { "unplug", ZCSIM_TX | ZCSIM_RX },
};

static struct dentry *zcsim_debugfs;

/**
 * zcsim_fault_nth() - does it happen this time?
 * @faults: knobs of a queue
 * @id: one that means: every so many events
 *
 * Context: the queue's own.
 * Return: true for every knob-th event.
 */
bool zcsim_fault_nth(struct zcsim_faults *faults, enum zcsim_fault_id id)
{
	struct zcsim_fault *fault = &faults->fault[id];
	u32 n = READ_ONCE(fault->knob);

	if (likely(!n) || ++fault->tick < n)
		return false;
	fault->tick = 0;
	fault->count++;
	return true;
}

/**
 * zcsim_fault_on() - is it switched on?
 * @faults: knobs of a queue
 * @id: one that is a switch
 *
 * Context: the queue's own.
 * Return: true while the knob is not 0.
 */
bool zcsim_fault_on(struct zcsim_faults *faults, enum zcsim_fault_id id)
{
	if (likely(!zcsim_knob(faults, id)))
		return false;
	faults->fault[id].count++;
	return true;
}

/**
 * zcsim_fault_next() - does the next attempt fail?
 * @faults: knobs of a queue
 * @id: one that means: so many attempts, counted down
 *
 * Context: process, device locked.
 * Return: true as often as the knob says.
 */
bool zcsim_fault_next(struct zcsim_faults *faults, enum zcsim_fault_id id)
{
	u32 n = zcsim_knob(faults, id);

	if (!n)
		return false;
	WRITE_ONCE(faults->fault[id].knob, n - 1);
	faults->fault[id].count++;
	return true;
}

/**
 * zcsim_fault_delay() - when may a completion be seen?
 * @faults: knobs of a queue
 *
 * Context: the queue's own.
 * Return: time in ns, 0 for at once.
 */
u64 zcsim_fault_delay(struct zcsim_faults *faults)
{
	u32 us = zcsim_knob(faults, ZCSIM_DELAY);

	if (likely(!us))
		return 0;
	faults->fault[ZCSIM_DELAY].count++;
	return ktime_get_ns() + (u64)us * NSEC_PER_USEC;
}

static int zcsim_knob_get(void *data, u64 *val)
{
	struct zcsim_fault *fault = data;

	*val = READ_ONCE(fault->knob);
	return 0;
}

static int zcsim_knob_set(void *data, u64 val)
{
	struct zcsim_fault *fault = data;

	if (val > U32_MAX)
		return -EINVAL;
	WRITE_ONCE(fault->knob, val);
	fault->owner->kick(fault->owner);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(zcsim_knob_fops, zcsim_knob_get, zcsim_knob_set,
			 "%llu\n");

static void zcsim_faults_add(struct zcsim_faults *faults, struct dentry *dir,
			     unsigned int where)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < ZCSIM_FAULTS; i++) {
		struct zcsim_fault *fault = &faults->fault[i];

		fault->owner = faults;
		if (!(zcsim_fault_names[i].where & where))
			continue;
		debugfs_create_file_unsafe(zcsim_fault_names[i].name, 0600, dir,
					   fault, &zcsim_knob_fops);
		snprintf(name, sizeof(name), "%s_count",
			 zcsim_fault_names[i].name);
		debugfs_create_u64(name, 0400, dir, &fault->count);
	}
}

/* Buffers that the pool has given out; what it keeps in its two caches is not. */
static int zcsim_pool_out(const struct page_pool *pool)
{
	const struct ptr_ring *ring = &pool->ring;
	int kept = READ_ONCE(ring->producer) - READ_ONCE(ring->consumer_head);

	if (kept < 0)
		kept += ring->size;
	if (!kept && READ_ONCE(ring->queue[ring->consumer_head]))
		kept = ring->size;
	return READ_ONCE(pool->pages_state_hold_cnt) -
	       atomic_read(&pool->pages_state_release_cnt) -
	       READ_ONCE(pool->alloc.count) - kept;
}

/* Where the buffers are; exact only while no frame comes or goes. */
static int zcsim_rx_state_show(struct seq_file *seq, void *v)
{
	struct zcsim_rxq *q = seq->private;
	const struct zcsim_rx_mem *mem = &q->mem;

	spin_lock_bh(&q->lock);
	seq_printf(seq, "running %d\n", q->running);
	if (q->running) {
		seq_printf(seq, "posted %u\n",
			   READ_ONCE(mem->posted) - mem->taken);
		seq_printf(seq, "waiting %u\n",
			   mem->cq_prod - READ_ONCE(mem->cq_cons));
		seq_printf(seq, "buf_len %u\n", mem->buf_len);
		seq_printf(seq, "unreadable %d\n", mem->unreadable);
		seq_printf(seq, "split %d\n", !!mem->slots);
		seq_printf(seq, "out %d\n", zcsim_pool_out(mem->pool));
	}
	spin_unlock_bh(&q->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zcsim_rx_state);

static int zcsim_tx_state_show(struct seq_file *seq, void *v)
{
	struct zcsim_txq *q = seq->private;

	spin_lock_bh(&q->lock);
	seq_printf(seq, "running %d\n", q->running);
	if (q->running) {
		seq_printf(seq, "posted %u\n",
			   READ_ONCE(q->prod) - READ_ONCE(q->engine));
		seq_printf(seq, "sent %u\n",
			   READ_ONCE(q->engine) - READ_ONCE(q->cons));
	}
	spin_unlock_bh(&q->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zcsim_tx_state);

static int zcsim_unplug_get(void *data, u64 *val)
{
	struct zcsim_nic *nic = data;

	*val = READ_ONCE(nic->unplugged);
	return 0;
}

static int zcsim_unplug_set(void *data, u64 val)
{
	struct zcsim_nic *nic = data;

	WRITE_ONCE(nic->unplugged, !!val);
	zcsim_carrier(nic);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(zcsim_unplug_fops, zcsim_unplug_get, zcsim_unplug_set,
			 "%llu\n");

/**
 * zcsim_debugfs_add() - make a NIC's files
 * @nic: its queues are there
 *
 * Context: process.
 */
void zcsim_debugfs_add(struct zcsim_nic *nic)
{
	struct dentry *dir;
	char name[16];
	unsigned int i;

	nic->debugfs = debugfs_create_dir(dev_name(nic->dma), zcsim_debugfs);
	debugfs_create_file_unsafe("unplug", 0600, nic->debugfs, nic,
				   &zcsim_unplug_fops);
	for (i = 0; i < zcsim_max_channels(nic->dev); i++) {
		snprintf(name, sizeof(name), "tx%u", i);
		dir = debugfs_create_dir(name, nic->debugfs);
		zcsim_faults_add(&nic->txq[i].faults, dir, ZCSIM_TX);
		debugfs_create_file("state", 0400, dir, &nic->txq[i],
				    &zcsim_tx_state_fops);
		snprintf(name, sizeof(name), "rx%u", i);
		dir = debugfs_create_dir(name, nic->debugfs);
		zcsim_faults_add(&nic->rxq[i].faults, dir, ZCSIM_RX);
		debugfs_create_file("state", 0400, dir, &nic->rxq[i],
				    &zcsim_rx_state_fops);
	}
}

/**
 * zcsim_debugfs_del() - remove them; waits for those who read or write
 * @nic: the NIC
 *
 * Context: process, may sleep.
 */
void zcsim_debugfs_del(struct zcsim_nic *nic)
{
	debugfs_remove_recursive(nic->debugfs);
}

void zcsim_debugfs_init(void)
{
	zcsim_debugfs = debugfs_create_dir("zcsim", NULL);
}

void zcsim_debugfs_exit(void)
{
	debugfs_remove_recursive(zcsim_debugfs);
}
