// SPDX-License-Identifier: GPL-2.0
/*
 * Which receive queue a frame goes to: the first rule that matches, or the
 * Toeplitz hash. Steering is read by the peer's engines and replaced as a
 * whole.
 */
#include <linux/in.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "zcsim.h"

/**
 * zcsim_steer_key() - set the Toeplitz key
 * @steer: steering, not in use yet
 * @key: ZCSIM_RSS_KEY bytes
 */
void zcsim_steer_key(struct zcsim_steer *steer, const u8 *key)
{
	unsigned int i, val, bit;

	memmove(steer->key, key, ZCSIM_RSS_KEY);
	for (i = 0; i < ARRAY_SIZE(steer->table); i++) {
		for (val = 0; val < 16; val++) {
			u32 hash = 0;

			for (bit = 0; bit < 4; bit++) {
				unsigned int at = 4 * i + bit;
				u64 window;

				if (!(val & BIT(3 - bit)))
					continue;
				window = (u64)steer->key[at / 8] << 32;
				window |= get_unaligned_be32(steer->key +
							     at / 8 + 1);
				hash ^= window >> (8 - at % 8);
			}
			steer->table[i][val] = hash;
		}
	}
}

/**
 * zcsim_steer_spread() - spread hashes over the queues evenly
 * @steer: steering, not in use yet
 * @ctx: RSS context
 * @channels: how many queues
 */
void zcsim_steer_spread(struct zcsim_steer *steer, u32 ctx, u32 channels)
{
	unsigned int i;

	for (i = 0; i < ZCSIM_INDIR; i++)
		steer->indir[ctx][i] = ethtool_rxfh_indir_default(i, channels);
}

int zcsim_steer_init(struct zcsim_nic *nic)
{
	struct zcsim_steer *steer;
	u8 key[ZCSIM_RSS_KEY];

	mutex_init(&nic->steer_lock);
	steer = kvzalloc_obj(*steer, GFP_KERNEL);
	if (!steer)
		return -ENOMEM;
	netdev_rss_key_fill(key, sizeof(key));
	zcsim_steer_key(steer, key);
	zcsim_steer_spread(steer, 0, nic->channels);
	steer->ntuple = true;
	memset32(steer->fields, RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 |
				RXH_L4_B_2_3, ZCSIM_HASH_FLOWS);
	RCU_INIT_POINTER(nic->steer, steer);
	return 0;
}

void zcsim_steer_exit(struct zcsim_nic *nic)
{
	kvfree(rcu_dereference_protected(nic->steer, true));
}

/**
 * zcsim_steer_edit() - begin a change
 * @nic: NIC; its steer_lock is taken and kept until zcsim_steer_commit()
 *
 * Context: process, may sleep.
 * Return: a copy to change, NULL (and not locked) if out of memory.
 */
struct zcsim_steer *zcsim_steer_edit(struct zcsim_nic *nic)
{
	struct zcsim_steer *steer;

	mutex_lock(&nic->steer_lock);
	steer = kvmalloc_obj(*steer, GFP_KERNEL);
	if (!steer) {
		mutex_unlock(&nic->steer_lock);
		return NULL;
	}
	memcpy(steer, rcu_dereference_protected(nic->steer, true),
	       sizeof(*steer));
	return steer;
}

/**
 * zcsim_steer_commit() - end a change
 * @nic: NIC
 * @steer: the changed copy; NULL: there is no change after all
 *
 * Context: process.
 */
void zcsim_steer_commit(struct zcsim_nic *nic, struct zcsim_steer *steer)
{
	if (steer) {
		steer = rcu_replace_pointer(nic->steer, steer,
					    lockdep_is_held(&nic->steer_lock));
		kvfree_rcu(steer, rcu);
	}
	mutex_unlock(&nic->steer_lock);
}

static u32 zcsim_hash_add(const struct zcsim_steer *steer, u32 hash,
			  unsigned int *at, const void *data, unsigned int len)
{
	const u8 *p = data;

	while (len--) {
		hash ^= steer->table[(*at)++][*p >> 4];
		hash ^= steer->table[(*at)++][*p++ & 15];
	}
	return hash;
}

/* What is hashed of a flow: fields are left out, not zeroed. */
static u32 zcsim_hash_fields(const struct zcsim_steer *steer,
			     const struct zcsim_flow *flow)
{
	enum zcsim_hash_flow kind;

	if (!flow->hdr_len)
		return RXH_IP_SRC | RXH_IP_DST;
	if (flow->key.l4 == IPPROTO_TCP)
		kind = flow->key.proto == htons(ETH_P_IP) ? ZCSIM_HASH_TCP4 :
							    ZCSIM_HASH_TCP6;
	else
		kind = flow->key.proto == htons(ETH_P_IP) ? ZCSIM_HASH_UDP4 :
							    ZCSIM_HASH_UDP6;
	return steer->fields[kind];
}

static u32 zcsim_hash(const struct zcsim_steer *steer,
		      const struct zcsim_flow *flow, bool *l4)
{
	const struct zcsim_key *key = &flow->key;
	u32 fields = zcsim_hash_fields(steer, flow);
	unsigned int at = 0, len;
	u32 hash = 0;

	*l4 = fields & (RXH_L4_B_0_1 | RXH_L4_B_2_3);
	if (key->proto == htons(ETH_P_IP))
		len = sizeof(key->src[0]);
	else if (key->proto == htons(ETH_P_IPV6))
		len = sizeof(key->src);
	else
		return 0;
	if (fields & RXH_IP_SRC)
		hash = zcsim_hash_add(steer, hash, &at, key->src, len);
	if (fields & RXH_IP_DST)
		hash = zcsim_hash_add(steer, hash, &at, key->dst, len);
	if (fields & RXH_L4_B_0_1)
		hash = zcsim_hash_add(steer, hash, &at, &key->sport,
				      sizeof(key->sport));
	if (fields & RXH_L4_B_2_3)
		hash = zcsim_hash_add(steer, hash, &at, &key->dport,
				      sizeof(key->dport));
	return hash;
}

static bool zcsim_rule_matches(const struct zcsim_rule *rule,
			       const struct zcsim_key *key)
{
	const u32 *val = (const u32 *)&rule->val;
	const u32 *mask = (const u32 *)&rule->mask;
	const u32 *is = (const u32 *)key;
	unsigned int i;

	for (i = 0; i < sizeof(*key) / sizeof(u32); i++) {
		if ((is[i] ^ val[i]) & mask[i])
			return false;
	}
	return true;
}

/**
 * zcsim_steer_queue() - choose a frame's receive queue
 * @nic: receiver
 * @flow: the frame's headers
 * @hash: gets the hash
 * @l4: gets whether ports are part of it
 *
 * Context: RCU read side.
 * Return: queue, -1 if a rule drops the frame.
 */
int zcsim_steer_queue(struct zcsim_nic *nic, const struct zcsim_flow *flow,
		      u32 *hash, bool *l4)
{
	const struct zcsim_steer *steer = rcu_dereference(nic->steer);
	u32 queue, i;

	*hash = zcsim_hash(steer, flow, l4);
	queue = steer->indir[0][*hash % ZCSIM_INDIR];
	for (i = 0; steer->ntuple && i < ZCSIM_RULES; i++) {
		const struct zcsim_rule *rule = &steer->rules[i];

		if (!rule->used || !zcsim_rule_matches(rule, &flow->key))
			continue;
		if (rule->drop)
			return -1;
		queue = rule->queue;
		if (rule->has_ctx)
			queue += steer->indir[rule->ctx][*hash % ZCSIM_INDIR];
		break;
	}
	/* Fewer channels than the rule was made for: any is as good. */
	if (unlikely(queue >= READ_ONCE(nic->channels)))
		queue = 0;
	return queue;
}
