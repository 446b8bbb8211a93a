// SPDX-License-Identifier: GPL-2.0
/* Providers, by a page_pool of a NIC that never was: whose a buffer is, and when. */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/completion.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <net/netdev_lock.h>
#include <net/netdev_rx_queue.h>
#include <net/page_pool/helpers.h>
#include <net/page_pool/memory_provider.h>
#include <net/zc_provider.h>

#include "internal.h"

#define ZCP_BUFFERS	100U

struct zcp_memory {
	struct zc_provider	provider;
	u32			free[ZCP_BUFFERS];
	unsigned int		nr_free;
	struct completion	released;
};

struct zcp {
	struct device		*dev;
	struct net_device	*netdev;
	struct zcp_memory	memory[2];
};

static struct zcp_memory *zcp_memory(struct zc_provider *provider)
{
	return container_of(provider, struct zcp_memory, provider);
}

static int zcp_memory_init(struct zc_provider *provider, struct device *dev)
{
	return 0;
}

static unsigned int zcp_memory_alloc(struct zc_provider *provider, u32 *buffers,
				     unsigned int nr)
{
	struct zcp_memory *m = zcp_memory(provider);

	nr = min(nr, m->nr_free);
	m->nr_free -= nr;
	memcpy(buffers, m->free + m->nr_free, nr * sizeof(*buffers));
	return nr;
}

static void zcp_memory_free(struct zc_provider *provider, u32 buffer)
{
	struct zcp_memory *m = zcp_memory(provider);

	m->free[m->nr_free++] = buffer;
}

static void zcp_memory_destroy(struct zc_provider *provider, struct device *dev)
{
}

static void zcp_memory_release(struct zc_provider *provider)
{
	complete_all(&zcp_memory(provider)->released);
}

static const struct zc_provider_ops zcp_memory_ops = {
	.owner		= THIS_MODULE,
	.init		= zcp_memory_init,
	.alloc		= zcp_memory_alloc,
	.free		= zcp_memory_free,
	.destroy	= zcp_memory_destroy,
	.release	= zcp_memory_release,
};

/* What zc_provider_open() does for a NIC that is there. */
static struct page_pool *zcp_pool(struct zcp *t, struct zcp_memory *m)
{
	struct netdev_rx_queue *rxq = __netif_get_rx_queue(t->netdev, 0);
	const struct page_pool_params params = {
		.pool_size = 4 * ZCP_BUFFERS,
		.nid = NUMA_NO_NODE,
		.dev = t->dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
		.netdev = t->netdev,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV |
			 PP_FLAG_ALLOW_UNREADABLE_NETMEM,
	};
	struct page_pool *pool;

	if (!m->provider.dev)
		m->provider.dev = get_device(t->dev);
	netdev_lock(t->netdev);
	rxq->mp_params.mp_ops = &zc_mp_ops;
	rxq->mp_params.mp_priv = &m->provider;
	pool = page_pool_create(&params);
	memset(&rxq->mp_params, 0, sizeof(rxq->mp_params));
	netdev_unlock(t->netdev);
	return pool;
}

/* As a driver does: with softirqs off. */
static struct net_iov *zcp_alloc(struct page_pool *pool)
{
	netmem_ref netmem;

	local_bh_disable();
	netmem = page_pool_alloc_netmems(pool, GFP_ATOMIC);
	local_bh_enable();
	return netmem ? netmem_to_net_iov(netmem) : NULL;
}

static void zcp_put(struct page_pool *pool, struct net_iov *niov)
{
	page_pool_put_full_netmem(pool, net_iov_to_netmem(niov), false);
}

static void zcp_knows_its_own(struct kunit *test)
{
	static const struct memory_provider_ops others;
	struct zcp *t = test->priv;
	struct zc_provider *a = &t->memory[0].provider;
	struct zc_provider *b = &t->memory[1].provider;
	struct page_pool *pool[2] = {
		zcp_pool(t, &t->memory[0]), zcp_pool(t, &t->memory[1]),
	};
	struct page_pool *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	struct net_iov_area area = {}, *owner;
	struct net_iov *niov[2], stray;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool[0]);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool[1]);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	niov[0] = zcp_alloc(pool[0]);
	niov[1] = zcp_alloc(pool[1]);
	KUNIT_ASSERT_NOT_NULL(test, niov[0]);
	KUNIT_ASSERT_NOT_NULL(test, niov[1]);
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(niov[0]), a);
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(niov[1]), b);

	/* The same in all but one respect is somebody else's. */
	stray = *niov[0];
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), a);
	stray.type = NET_IOV_DMABUF;
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), NULL);
	stray.type = NET_IOV_IOURING;
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), NULL);
	stray.type = NET_IOV_MODULE;
	stray.desc.pp = NULL;
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), NULL);
	stray.desc.pp = fake;
	fake->mp_priv = a;
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), NULL);
	fake->mp_ops = &others;
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(&stray), NULL);
	/* Nobody follows the owner of a net_iov that is not his. */
	owner = niov[0]->owner;
	niov[0]->owner = &area;
	KUNIT_EXPECT_FALSE(test, net_mp_niov_is_from(niov[0], &others, a));
	KUNIT_EXPECT_FALSE(test, net_mp_niov_is_from(niov[0], &zc_mp_ops, b));
	KUNIT_EXPECT_TRUE(test, net_mp_niov_is_from(niov[0], &zc_mp_ops, a));
	niov[0]->owner = owner;

	zcp_put(pool[0], niov[0]);
	zcp_put(pool[1], niov[1]);
	page_pool_destroy(pool[0]);
	page_pool_destroy(pool[1]);
}

static void zcp_is_asked_in_bulk(struct kunit *test)
{
	struct zcp *t = test->priv;
	struct zcp_memory *m = &t->memory[0];
	struct page_pool *pool = zcp_pool(t, m);
	struct net_iov *niov[ZCP_BUFFERS];
	unsigned int i, k;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	for (i = 0; i < ZCP_BUFFERS; i++) {
		niov[i] = zcp_alloc(pool);
		KUNIT_ASSERT_NOT_NULL(test, niov[i]);
		KUNIT_EXPECT_PTR_EQ(test, niov[i]->desc.pp, pool);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->provider.allocs),
			DIV_ROUND_UP(ZCP_BUFFERS, PP_ALLOC_CACHE_REFILL));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->provider.allocated),
			ZCP_BUFFERS);
	KUNIT_EXPECT_EQ(test, pool->pages_state_hold_cnt, ZCP_BUFFERS);
	KUNIT_EXPECT_NULL(test, zcp_alloc(pool));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->provider.starved), 1);

	/* From here on it is page_pool that has them, and recycles. */
	k = atomic_long_read(&m->provider.allocs);
	for (i = 0; i < ZCP_BUFFERS; i++)
		zcp_put(pool, niov[i]);
	for (i = 0; i < 10 * ZCP_BUFFERS; i++) {
		niov[0] = zcp_alloc(pool);
		KUNIT_ASSERT_NOT_NULL(test, niov[0]);
		zcp_put(pool, niov[0]);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->provider.allocs), k);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->provider.freed), 0);
	KUNIT_EXPECT_EQ(test, m->nr_free, 0);

	page_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, m->nr_free, ZCP_BUFFERS);
	for (i = 0; i < ZCP_BUFFERS; i++)
		KUNIT_EXPECT_NULL(test, m->provider.area.niovs[i].desc.pp);
}

/* What a reader keeps outlives the skb, the queue and the pool. (S4.3, S4.7) */
static void zcp_keeps_what_is_read(struct kunit *test)
{
	struct zcp *t = test->priv;
	struct zcp_memory *m = &t->memory[0];
	struct page_pool *pool = zcp_pool(t, m);
	struct net_iov *niov;
	u32 buffers[2];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	niov = zcp_alloc(pool);
	KUNIT_ASSERT_NOT_NULL(test, niov);
	buffers[0] = net_iov_idx(niov);
	buffers[1] = buffers[0];
	zc_provider_keep(&m->provider, buffers[0]);
	zc_provider_keep(&m->provider, buffers[0]);
	zcp_put(pool, niov);
	page_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, m->nr_free, ZCP_BUFFERS - 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&m->provider.ref), 2);

	zc_provider_return(&m->provider, buffers, 1);
	KUNIT_EXPECT_PTR_EQ(test, zc_provider_of(niov), &m->provider);
	zc_provider_return(&m->provider, buffers + 1, 1);
	/* The pool is looked after once a second; it is the last to go. */
	zc_provider_put(&m->provider);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&m->released,
							  10 * HZ), 0);
	KUNIT_EXPECT_EQ(test, m->nr_free, ZCP_BUFFERS);
}

/* As many as anybody likes, in whatever order, some of them twice. */
static void zcp_takes_back_all_at_once(struct kunit *test)
{
	struct zcp *t = test->priv;
	struct zcp_memory *m = &t->memory[0];
	struct page_pool *pool = zcp_pool(t, m);
	u32 buffers[2 * ZCP_BUFFERS];
	struct net_iov *niov;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	for (i = 0; i < ZCP_BUFFERS; i++) {
		niov = zcp_alloc(pool);
		KUNIT_ASSERT_NOT_NULL(test, niov);
		buffers[i] = net_iov_idx(niov);
		buffers[2 * ZCP_BUFFERS - 1 - i] = buffers[i];
		zc_provider_keep(&m->provider, buffers[i]);
	}
	zc_provider_return(&m->provider, buffers, ARRAY_SIZE(buffers));
	page_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, m->nr_free, ZCP_BUFFERS);
}

static void zcp_takes_its_kind_of_pool_only(struct kunit *test)
{
	struct zcp *t = test->priv;
	struct zcp_memory *m = &t->memory[0];

	/* Of another size. */
	m->provider.shift++;
	KUNIT_EXPECT_EQ(test, PTR_ERR(zcp_pool(t, m)), -EOPNOTSUPP);
	m->provider.shift--;
	KUNIT_EXPECT_EQ(test, refcount_read(&m->provider.ref), 1);
}

static void zcp_exit(struct kunit *test)
{
	struct zcp *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t->memory); i++) {
		if (completion_done(&t->memory[i].released))
			continue;
		zc_provider_put(&t->memory[i].provider);
		KUNIT_EXPECT_NE(test,
				wait_for_completion_timeout(&t->memory[i].released,
							    10 * HZ), 0);
	}
	if (t->netdev)
		free_netdev(t->netdev);
}

static int zcp_init(struct kunit *test)
{
	struct zcp *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;
	u32 k;

	if (!t)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(t->memory); i++) {
		struct zcp_memory *m = &t->memory[i];

		init_completion(&m->released);
		if (zc_provider_setup(&m->provider, &zcp_memory_ops,
				      ZCP_BUFFERS, PAGE_SHIFT))
			return -ENOMEM;
		for (k = 0; k < ZCP_BUFFERS; k++)
			m->free[m->nr_free++] = k;
	}
	test->priv = t;
	t->dev = kunit_device_register(test, "zcp");
	if (IS_ERR(t->dev))
		return PTR_ERR(t->dev);
	t->netdev = alloc_etherdev(0);
	return t->netdev ? 0 : -ENOMEM;
}

static struct kunit_case zcp_cases[] = {
	KUNIT_CASE(zcp_knows_its_own),
	KUNIT_CASE(zcp_is_asked_in_bulk),
	KUNIT_CASE(zcp_keeps_what_is_read),
	KUNIT_CASE(zcp_takes_back_all_at_once),
	KUNIT_CASE(zcp_takes_its_kind_of_pool_only),
	{}
};

static struct kunit_suite zcp_suite = {
	.name = "zc_provider",
	.init = zcp_init,
	.exit = zcp_exit,
	.test_cases = zcp_cases,
};

kunit_test_suite(zcp_suite);
