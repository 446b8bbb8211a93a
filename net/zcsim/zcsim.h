/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zcsim: a pair of NICs whose DMA engine is a memcpy by physical address.
 *
 * Transmit: xmit maps a skb and posts it as a packet (tx.c). The engine, which
 * runs in the tx queue's NAPI, reads the headers, makes wire frames of them
 * (flow.c, frame.c), and hands each to a rx queue of the peer, which was
 * chosen by its rules and its hash (steer.c). Receive: the rx queue's wire side
 * copies the frame into posted buffers, its NAPI side makes a skb of it (rx.c).
 */
#ifndef _NET_ZCSIM_H
#define _NET_ZCSIM_H

#include <linux/build_bug.h>
#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/netmem.h>

struct dentry;
struct page_pool;
struct platform_device;

static_assert(BITS_PER_LONG == 64);

/* Headers that the engine looks at; a longer GSO header is segmented above. */
#define ZCSIM_HDR_MAX		256
/* A header buffer: what is not split, up to hds-thresh, fits as well. */
#define ZCSIM_SLOT		1024
#define ZCSIM_HDS_THRESH_MAX	(ZCSIM_SLOT - ZCSIM_HDR_MAX)
#define ZCSIM_RING_MIN		64
#define ZCSIM_RING_DEFAULT	512
#define ZCSIM_RING_MAX		4096
#define ZCSIM_BUF_MAX		65536U
#define ZCSIM_QUEUES_DEFAULT	8

struct zcsim_nic;

/* main.c */
extern bool zcsim_dma_none;

/* dma.c: the engine's hands */

/**
 * struct zcsim_desc - a piece of a packet, as the device is told
 * @addr: DMA address
 * @len: bytes
 * @unmap: how to give it back, see tx.c
 */
struct zcsim_desc {
	dma_addr_t	addr;
	u32		len;
	u32		unmap;
};

/**
 * struct zcsim_reader - a place in a packet that the engine reads from
 * @dev: whose DMA addresses they are
 * @desc: the piece
 * @off: bytes into it
 */
struct zcsim_reader {
	struct device			*dev;
	const struct zcsim_desc		*desc;
	u32				off;
};

void zcsim_dma_seek(struct zcsim_reader *rd, struct device *dev,
		    const struct zcsim_desc *desc, u32 off);
void zcsim_dma_read(struct zcsim_reader *rd, void *to, u32 len);
void zcsim_dma_write(struct device *dev, dma_addr_t to, const void *from,
		     u32 len);
void zcsim_dma_copy(struct zcsim_reader *rd, struct device *dev, dma_addr_t to,
		    u32 len);
__wsum zcsim_dma_copy_csum(struct zcsim_reader *rd, struct device *dev,
			   dma_addr_t to, u32 len);
void zcsim_dma_flip(struct device *dev, dma_addr_t at);
int zcsim_dma_check(struct device *dev);

/* parent.c: what does the DMA */

/**
 * struct zcsim_parent - the platform device behind a NIC
 * @pdev: the device
 * @lent: somebody outside was told to map memory for it, and may unmap that
 *	whenever he likes
 * @node: on the list of those kept for another NIC
 */
struct zcsim_parent {
	struct platform_device	*pdev;
	bool			lent;
	struct list_head	node;
};

struct zcsim_parent *zcsim_parent_get(void);
void zcsim_parent_put(struct zcsim_parent *parent);
void zcsim_parent_exit(void);

/* fault.c: what goes wrong, and how often it did */

enum zcsim_fault_id {
	ZCSIM_DROP,
	ZCSIM_DUPLICATE,
	ZCSIM_REORDER,
	ZCSIM_CORRUPT,
	ZCSIM_DELAY,
	ZCSIM_HOLD,
	ZCSIM_STARVE,
	ZCSIM_FAIL_START,
	ZCSIM_FAIL_STOP,
	ZCSIM_UNPLUG,
	ZCSIM_FAULTS,
};

struct zcsim_faults;

/**
 * struct zcsim_fault - one of the things that can go wrong
 * @owner: the queue's knobs
 * @knob: 0 is off; what other values mean is in fault.c
 * @tick: events since the last hit
 * @count: how often it did something
 *
 * @knob is written through debugfs at any time, @tick and @count in the queue's
 * one context.
 */
struct zcsim_fault {
	struct zcsim_faults	*owner;
	u32			knob;
	u32			tick;
	u64			count;
};

/**
 * struct zcsim_faults - knobs of one queue
 * @fault: each of them
 * @kick: has the queue look at them again
 */
struct zcsim_faults {
	struct zcsim_fault	fault[ZCSIM_FAULTS];
	void			(*kick)(struct zcsim_faults *faults);
};

bool zcsim_fault_nth(struct zcsim_faults *faults, enum zcsim_fault_id id);
bool zcsim_fault_on(struct zcsim_faults *faults, enum zcsim_fault_id id);
bool zcsim_fault_next(struct zcsim_faults *faults, enum zcsim_fault_id id);
u64 zcsim_fault_delay(struct zcsim_faults *faults);
void zcsim_debugfs_add(struct zcsim_nic *nic);
void zcsim_debugfs_del(struct zcsim_nic *nic);
void zcsim_debugfs_init(void);
void zcsim_debugfs_exit(void);

static inline u32 zcsim_knob(const struct zcsim_faults *faults,
			     enum zcsim_fault_id id)
{
	return READ_ONCE(faults->fault[id].knob);
}

/* flow.c: what the headers say */

/**
 * struct zcsim_key - what a rule can match on
 * @dst_mac: ethernet destination
 * @src_mac: ethernet source
 * @proto: ethernet type behind VLAN tags
 * @l4: IP protocol, 0 if the packet has no transport header in view
 * @pad: 0
 * @src: IP source; IPv4 in the first word
 * @dst: IP destination
 * @sport: source port
 * @dport: destination port
 */
struct zcsim_key {
	u8	dst_mac[ETH_ALEN];
	u8	src_mac[ETH_ALEN];
	__be16	proto;
	u8	l4;
	u8	pad;
	__be32	src[4];
	__be32	dst[4];
	__be16	sport;
	__be16	dport;
} __aligned(4);

/**
 * struct zcsim_flow - headers of a packet, parsed
 * @key: for rules and the hash
 * @hdr_len: bytes before the payload; 0 if this is neither TCP nor UDP
 * @l3: offset of the network header
 * @l4: offset of the transport header, valid if @hdr_len
 */
struct zcsim_flow {
	struct zcsim_key	key;
	u16			hdr_len;
	u16			l3;
	u16			l4;
};

void zcsim_flow_parse(struct zcsim_flow *flow, const u8 *hdr, u32 len);

/* frame.c: from packets to frames on the wire */

/**
 * struct zcsim_pkt - a posted packet
 * @skb: freed when the packet is completed: this is what makes it zero copy
 * @ready: when it may be completed, in ns
 * @hwtstamp: when it was sent, 0 if nobody asks
 * @len: bytes
 * @gso_type: SKB_GSO_*, 0 for a single frame
 * @mss: payload bytes of each frame
 * @hdr_len: headers in front of each frame
 * @segs: frames it is cut into
 * @csum_start: where the checksum begins
 * @csum_offset: where it goes, from there
 * @csum: the device is to do it
 * @want_tstamp: the sender waits for a hardware timestamp
 * @nr: pieces
 * @desc: the pieces
 */
struct zcsim_pkt {
	struct sk_buff		*skb;
	u64			ready;
	ktime_t			hwtstamp;
	u32			len;
	u32			gso_type;
	u32			mss;
	u16			hdr_len;
	u16			segs;
	u16			csum_start;
	u16			csum_offset;
	bool			csum;
	bool			want_tstamp;
	u16			nr;
	struct zcsim_desc	desc[MAX_SKB_FRAGS + 1];
};

enum zcsim_csum {
	ZCSIM_CSUM_NONE,	/* the receiver knows nothing */
	ZCSIM_CSUM_FILL,	/* the sender computes it */
	ZCSIM_CSUM_VERIFY,	/* the receiver verifies it */
	ZCSIM_CSUM_PARTIAL,	/* left undone, as a virtual NIC would */
};

/**
 * struct zcsim_frame - one frame on the wire
 * @dev: whose DMA addresses the payload has
 * @pkt: packet that the payload is read from
 * @flow: its headers, parsed
 * @len: bytes
 * @hdr_len: of which in @hdr
 * @pay_off: where the rest begins in @pkt
 * @csum: what is done about the checksum
 * @csum_start: where it begins
 * @csum_at: where it is
 * @gso: the frame is a whole GSO packet
 * @touch: the payload is copied
 * @corrupt: a bit is flipped on the way
 * @l4_hash: ports are part of the receiver's hash
 * @hdr: the headers
 */
struct zcsim_frame {
	struct device			*dev;
	const struct zcsim_pkt		*pkt;
	const struct zcsim_flow		*flow;
	u32				len;
	u32				hdr_len;
	u32				pay_off;
	enum zcsim_csum			csum;
	u16				csum_start;
	u16				csum_at;
	bool				gso;
	bool				touch;
	bool				corrupt;
	bool				l4_hash;
	u8				hdr[ZCSIM_HDR_MAX];
};

/**
 * struct zcsim_headers - headers of the packet that the engine is at
 * @flow: parsed
 * @len: bytes in @raw
 * @raw: as read by DMA
 */
struct zcsim_headers {
	struct zcsim_flow	flow;
	u32			len;
	u8			raw[ZCSIM_HDR_MAX];
};

void zcsim_headers_read(struct zcsim_headers *h, struct device *dev,
			const struct zcsim_pkt *pkt);
void zcsim_frame_make(struct zcsim_frame *frame, struct device *dev,
		      const struct zcsim_pkt *pkt,
		      const struct zcsim_headers *h, u32 seg);
__sum16 zcsim_frame_csum(const struct zcsim_frame *frame, __wsum payload);

/* tx.c */

struct zcsim_tx_stats {
	u64	posted;
	u64	packets;
	u64	bytes;
	u64	needs_csum;
	u64	csum_none;
	u64	gso_packets;
	u64	gso_bytes;
	u64	gso_wire_packets;
	u64	gso_wire_bytes;
	u64	drop_errors;
	u64	stop;
	u64	wake;
	u64	frames;
	u64	frames_lost;
	u64	netmem;
	u64	xmit_cycles;
	u64	poll_cycles;
	u64	stack_cycles;
};

/**
 * struct zcsim_txq - a transmit queue
 * @napi: runs the engine and completes packets
 * @nic: whose
 * @idx: which
 * @lock: @running, against debugfs
 * @running: @napi is enabled
 * @ring: packets, @size of them
 * @size: a power of two
 * @prod: next packet to post; xmit's
 * @engine: next packet to send; NAPI's, as all below
 * @seg: next frame of it
 * @cons: next packet to complete
 * @held: a frame waits for its successor to overtake it
 * @held_pkt: packet of that frame
 * @held_seg: which of its frames
 * @timer: wakes @napi when a delayed completion is due
 * @headers: of the packet at @engine
 * @frame: the frame in the making
 * @faults: knobs
 * @stats: counters; @frames, @frames_lost and @wake are NAPI's, the rest xmit's
 */
struct zcsim_txq {
	struct napi_struct	napi;
	struct zcsim_nic	*nic;
	unsigned int		idx;
	spinlock_t		lock;	/* running, against debugfs */
	bool			running;
	struct zcsim_pkt	*ring;
	u32			size;
	u32			prod;
	u32			engine ____cacheline_aligned;
	u32			seg;
	u32			cons;
	bool			held;
	u32			held_pkt;
	u32			held_seg;
	struct hrtimer		timer;
	struct zcsim_headers	headers;
	struct zcsim_frame	frame;
	struct zcsim_faults	faults;
	struct zcsim_tx_stats	stats;
};

bool zcsim_can_segment(const struct sk_buff *skb, u32 hdr_len);
netdev_tx_t zcsim_xmit(struct sk_buff *skb, struct net_device *dev);
void zcsim_txq_init(struct zcsim_txq *q, struct zcsim_nic *nic,
		    unsigned int idx);
int zcsim_txq_start(struct zcsim_txq *q);
void zcsim_txq_stop(struct zcsim_txq *q);
void zcsim_txq_free(struct zcsim_txq *q);

/* rx.c */

struct zcsim_rx_stats {
	u64	packets;
	u64	bytes;
	u64	alloc_fail;
	u64	drops;
	u64	overruns;
	u64	length_errors;
	u64	csum_unnecessary;
	u64	csum_none;
	u64	csum_bad;
	u64	gro_packets;
	u64	gro_bytes;
	u64	gro_wire_packets;
	u64	gro_wire_bytes;
	u64	split;
	u64	poll_cycles;
	u64	stack_cycles;
	u64	refill_cycles;
};

/**
 * struct zcsim_buf - a posted receive buffer
 * @netmem: the memory; maybe not to be read by a CPU
 * @addr: its DMA address
 */
struct zcsim_buf {
	netmem_ref	netmem;
	dma_addr_t	addr;
};

/**
 * struct zcsim_cqe - a received frame
 * @ready: when NAPI may see it, in ns
 * @hwtstamp: when it came
 * @len: bytes
 * @hdr_len: of which headers
 * @in_slot: bytes in the header buffer, the rest is in @nr_bufs buffers
 * @nr_bufs: buffers, next in the ring
 * @hash: receive hash
 * @l4_hash: which includes ports
 * @ip_summed: CHECKSUM_*
 * @csum_start: for CHECKSUM_PARTIAL
 * @csum_offset: for CHECKSUM_PARTIAL
 * @gso_type: SKB_GSO_* of a whole GSO packet, else 0
 * @gso_size: its segments' payload
 * @gso_segs: how many they are
 */
struct zcsim_cqe {
	u64	ready;
	ktime_t	hwtstamp;
	u32	len;
	u16	hdr_len;
	u16	in_slot;
	u16	nr_bufs;
	bool	l4_hash;
	u8	ip_summed;
	u32	hash;
	u16	csum_start;
	u16	csum_offset;
	u32	gso_type;
	u16	gso_size;
	u16	gso_segs;
};

/**
 * struct zcsim_rx_mem - memory of a receive queue
 * @pool: where buffers come from
 * @bufs: ring of posted buffers, @size of them
 * @cqes: ring of received frames, @size of them
 * @slots: header buffers, one for each of @cqes; NULL: headers are not split
 * @slots_dma: their DMA address
 * @size: a power of two
 * @buf_len: bytes of a buffer
 * @unreadable: buffers may be out of reach for a CPU
 * @posted: next buffer to post; NAPI's
 * @cons: next buffer to hand up; NAPI's
 * @cq_cons: next frame to hand up; NAPI's
 * @taken: next buffer to fill; the wire's
 * @cq_prod: next frame to report; the wire's
 */
struct zcsim_rx_mem {
	struct page_pool	*pool;
	struct zcsim_buf	*bufs;
	struct zcsim_cqe	*cqes;
	u8			*slots;
	dma_addr_t		slots_dma;
	u32			size;
	u32			buf_len;
	bool			unreadable;
	u32			posted;
	u32			cons;
	u32			cq_cons;
	u32			taken;
	u32			cq_prod;
};

/**
 * struct zcsim_rxq - a receive queue
 * @napi: hands frames up and posts buffers
 * @nic: whose
 * @idx: which
 * @lock: the wire side: senders of several queues, and @running
 * @running: @mem is there and @napi enabled
 * @mem: memory
 * @timer: wakes @napi when a delayed completion is due
 * @faults: knobs
 * @stats: counters; drops and their like under @lock, the rest NAPI's
 */
struct zcsim_rxq {
	struct napi_struct	napi;
	struct zcsim_nic	*nic;
	unsigned int		idx;
	spinlock_t		lock;	/* the wire side, and running */
	bool			running;
	struct zcsim_rx_mem	mem;
	struct hrtimer		timer;
	struct zcsim_faults	faults;
	struct zcsim_rx_stats	stats;
};

bool zcsim_rxq_receive(struct zcsim_rxq *q, struct zcsim_frame *frame,
		       u32 hash);
int zcsim_rxq_poll(struct napi_struct *napi, int budget);
int zcsim_rx_mem_alloc(struct zcsim_rxq *q, struct zcsim_rx_mem *mem,
		       u32 buf_len);
void zcsim_rx_mem_free(struct zcsim_nic *nic, struct zcsim_rx_mem *mem);
int zcsim_rxq_start(struct zcsim_rxq *q, const struct zcsim_rx_mem *mem);
void zcsim_rxq_stop(struct zcsim_rxq *q, struct zcsim_rx_mem *mem);
void zcsim_rxq_init(struct zcsim_rxq *q, struct zcsim_nic *nic,
		    unsigned int idx);

/* steer.c: which queue a frame goes to */

#define ZCSIM_RULES		64
#define ZCSIM_INDIR		128
#define ZCSIM_RSS_KEY		40
#define ZCSIM_CONTEXTS		16

/**
 * struct zcsim_rule - an ntuple rule
 * @used: it is one
 * @has_ctx: the queue is looked up in a RSS context, @queue is added to it
 * @drop: a frame that matches is dropped
 * @queue: where a frame goes that matches
 * @ctx: RSS context
 * @val: what to match
 * @mask: which bits of it
 * @fs: as the user gave it
 */
struct zcsim_rule {
	bool				used;
	bool				has_ctx;
	bool				drop;
	u32				queue;
	u32				ctx;
	struct zcsim_key		val;
	struct zcsim_key		mask;
	struct ethtool_rx_flow_spec	fs;
};

enum zcsim_hash_flow {
	ZCSIM_HASH_TCP4,
	ZCSIM_HASH_UDP4,
	ZCSIM_HASH_TCP6,
	ZCSIM_HASH_UDP6,
	ZCSIM_HASH_FLOWS,
};

/**
 * struct zcsim_steer - a NIC's steering, replaced as a whole
 * @rcu: readers are the peer's engines
 * @ntuple: rules are looked at
 * @fields: what is hashed (RXH_*) of each kind of flow
 * @key: Toeplitz key
 * @table: hash of each nibble of the input
 * @indir: queue for each hash; of context 0, then of the others
 * @rules: ntuple rules, the first match wins
 */
struct zcsim_steer {
	struct rcu_head		rcu;
	bool			ntuple;
	u32			fields[ZCSIM_HASH_FLOWS];
	u8			key[ZCSIM_RSS_KEY];
	u32			table[72][16];
	u32			indir[ZCSIM_CONTEXTS][ZCSIM_INDIR];
	struct zcsim_rule	rules[ZCSIM_RULES];
};

int zcsim_steer_init(struct zcsim_nic *nic);
void zcsim_steer_exit(struct zcsim_nic *nic);
int zcsim_steer_queue(struct zcsim_nic *nic, const struct zcsim_flow *flow,
		      u32 *hash, bool *l4);
struct zcsim_steer *zcsim_steer_edit(struct zcsim_nic *nic);
void zcsim_steer_commit(struct zcsim_nic *nic, struct zcsim_steer *steer);
void zcsim_steer_key(struct zcsim_steer *steer, const u8 *key);
void zcsim_steer_spread(struct zcsim_steer *steer, u32 ctx, u32 channels);

/* ntuple.c */
u32 zcsim_get_rx_ring_count(struct net_device *dev);
int zcsim_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info,
		    u32 *locs);
int zcsim_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info);

/* rss.c */
u32 zcsim_get_rxfh_key_size(struct net_device *dev);
u32 zcsim_get_rxfh_indir_size(struct net_device *dev);
int zcsim_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int zcsim_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack);
int zcsim_get_rxfh_fields(struct net_device *dev,
			  struct ethtool_rxfh_fields *fields);
int zcsim_set_rxfh_fields(struct net_device *dev,
			  const struct ethtool_rxfh_fields *fields,
			  struct netlink_ext_ack *extack);
int zcsim_create_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int zcsim_modify_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack);
int zcsim_remove_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx, u32 id,
			      struct netlink_ext_ack *extack);

/*
 * What the NIC costs, so that a measurement can take it out: only with dma=none.
 * A poll that has completed may race with the next; then a count is lost.
 */
static inline u64 zcsim_cycles(void)
{
	return zcsim_dma_none ? get_cycles() : 0;
}

static inline void zcsim_cycles_add(u64 *sum, u64 start)
{
	if (zcsim_dma_none)
		WRITE_ONCE(*sum, *sum + get_cycles() - start);
}

/* netdev.c */

/**
 * struct zcsim_nic - one of a pair
 * @dev: net device
 * @parent: what does the DMA
 * @dma: device of @parent
 * @peer: the other one; NULL once one of them is on its way out
 * @txq: transmit queues
 * @rxq: receive queues
 * @channels: how many of them are in use
 * @up: they are running
 * @tx_size: packets in a tx ring
 * @rx_size: buffers in a rx ring
 * @rx_buf_len: bytes of a buffer, where nobody asked for something else
 * @hds: headers are split off
 * @hds_thresh: of frames with more payload than that
 * @passthrough: GSO packets go to the peer whole
 * @charge: users pay for pages they map, of queues that start from now on
 * @unplugged: the cable is out
 * @hwtstamp_tx: packets are stamped on request
 * @hwtstamp_rx: frames are stamped
 * @steer_lock: writers of @steer
 * @steer: steering of received frames
 * @debugfs: directory
 */
struct zcsim_nic {
	struct net_device		*dev;
	struct zcsim_parent		*parent;
	struct device			*dma;
	struct net_device __rcu		*peer;
	struct zcsim_txq		*txq;
	struct zcsim_rxq		*rxq;
	unsigned int			channels;
	bool				up;
	u32				tx_size;
	u32				rx_size;
	u32				rx_buf_len;
	bool				hds;
	u32				hds_thresh;
	bool				passthrough;
	bool				charge;
	u32				unplugged;
	bool				hwtstamp_tx;
	bool				hwtstamp_rx;
	struct mutex			steer_lock;	/* writers of steer */
	struct zcsim_steer __rcu	*steer;
	struct dentry			*debugfs;
};

extern const struct net_device_ops zcsim_netdev_ops;

void zcsim_setup(struct net_device *dev);
unsigned int zcsim_max_channels(const struct net_device *dev);
int zcsim_up(struct zcsim_nic *nic);
void zcsim_down(struct zcsim_nic *nic);
void zcsim_carrier(struct zcsim_nic *nic);

/* ethtool.c, stats.c, queue.c */
extern const struct ethtool_ops zcsim_ethtool_ops;
extern const struct netdev_stat_ops zcsim_stat_ops;
extern const struct netdev_queue_mgmt_ops zcsim_queue_mgmt_ops;

int zcsim_stats_count(const struct net_device *dev);
void zcsim_stats_strings(struct net_device *dev, u8 *data);
void zcsim_stats_get(struct net_device *dev, u64 *data);
void zcsim_get_stats64(struct net_device *dev,
		       struct rtnl_link_stats64 *stats);

/* link.c */
extern struct rtnl_link_ops zcsim_link_ops;

#endif /* _NET_ZCSIM_H */
