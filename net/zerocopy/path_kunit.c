// SPDX-License-Identifier: GPL-2.0
/*
 * Each kind of memory on each way that a packet may go: the bytes stay, the loan
 * ends once, and who has no page count gets no reference. (S1.6, S2.2)
 */
#include <linux/if_ether.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <zc_lends.h>

#include "kunit_source.h"

/* Three ranges, none of which begins or ends where a page does. */
#define ZCT_RANGES	3
#define ZCT_OFF		100
#define ZCT_LEN		3000
#define ZCT_BYTES	(ZCT_RANGES * ZCT_LEN)
#define ZCT_MEM		(2 * PAGE_SIZE)

/* One chunk per range. */
struct zct_memory {
	const char *name;
	bool counted;
	void *(*get)(unsigned int i);
	void (*put)(void *mem);
};

static u8 zct_static[ZCT_RANGES][ZCT_MEM];

static void *zct_get_page(unsigned int i)
{
	return (void *)__get_free_page(GFP_KERNEL);
}

static void zct_put_page(void *mem)
{
	free_page((unsigned long)mem);
}

static void *zct_get_folio(unsigned int i)
{
	return (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP, 1);
}

static void zct_put_folio(void *mem)
{
	free_pages((unsigned long)mem, 1);
}

/* Where the second page has no count: not compound. */
static void *zct_get_tails(unsigned int i)
{
	void *mem = (void *)__get_free_pages(GFP_KERNEL, 1);

	return mem ? mem + PAGE_SIZE : NULL;
}

static void zct_put_tails(void *mem)
{
	free_pages((unsigned long)mem - PAGE_SIZE, 1);
}

static void *zct_get_vmalloc(unsigned int i)
{
	return vmalloc(ZCT_MEM);
}

static void zct_put_vmalloc(void *mem)
{
	vfree(mem);
}

static void *zct_get_slab(unsigned int i)
{
	return kmalloc(PAGE_SIZE, GFP_KERNEL);
}

static void zct_put_slab(void *mem)
{
	kfree(mem);
}

static void *zct_get_static(unsigned int i)
{
	return PTR_ALIGN((void *)zct_static[i], PAGE_SIZE);
}

static void zct_put_static(void *mem)
{
}

static const struct zct_memory zct_memories[] = {
	{ "page", true, zct_get_page, zct_put_page },
	{ "folio", true, zct_get_folio, zct_put_folio },
	{ "vmalloc", true, zct_get_vmalloc, zct_put_vmalloc },
	{ "tails", false, zct_get_tails, zct_put_tails },
	{ "slab", false, zct_get_slab, zct_put_slab },
	{ "static", false, zct_get_static, zct_put_static },
};

static void zct_memory_desc(const struct zct_memory *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zct_memory, zct_memories, zct_memory_desc);

/* A packet of all of it, and what came of that. */
struct zct_path {
	void		*mem[ZCT_RANGES];
	int		refs[ZCT_RANGES];
	struct sk_buff	*skb;
	struct sk_buff	*more[16];	/* all else that came out of it */
	unsigned int	nr_more;
};

static struct page *zct_page(void *mem)
{
	return is_vmalloc_or_module_addr(mem) ? vmalloc_to_page(mem) :
						virt_to_page(mem);
}

static u8 zct_byte(unsigned int pos)
{
	return pos % 251;
}

static struct zct_path *zct_path_begin(struct kunit *test)
{
	const struct zct_memory *m = test->param_value;
	struct zct_path *p;
	struct zc_ubuf *zu;
	unsigned int i, j;

	if (!m->counted && !ZC_LENDS_UNCOUNTED)
		kunit_skip(test, "this kernel takes references on the way: not lent");

	p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	zu = zct_lend(test, ZCT_RANGES, ZCT_LEN);
	for (i = 0; i < ZCT_RANGES; i++) {
		u8 *data;

		p->mem[i] = m->get(i);
		KUNIT_ASSERT_NOT_NULL(test, p->mem[i]);
		data = p->mem[i] + ZCT_OFF;
		for (j = 0; j < ZCT_LEN; j++)
			data[j] = zct_byte(i * ZCT_LEN + j);
		zu->vec[i].paddr = page_to_phys(zct_page(p->mem[i])) +
				   offset_in_page(data);
		p->refs[i] = page_count(zct_page(p->mem[i]));
	}
	p->skb = alloc_skb(256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->skb);
	skb_reserve(p->skb, 128);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, p->skb, 0, ZCT_BYTES), 0);
	zc_ubuf_end_call(zu, ZCT_BYTES);
	return p;
}

static struct sk_buff *zct_more(struct kunit *test, struct zct_path *p,
				struct sk_buff *skb)
{
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(skb));
	KUNIT_ASSERT_LT(test, p->nr_more, ARRAY_SIZE(p->more));
	p->more[p->nr_more++] = skb;
	return skb;
}

/* @len bytes of @skb are those of the message from @pos on. */
static void zct_expect_bytes(struct kunit *test, struct sk_buff *skb,
			     unsigned int pos, unsigned int len)
{
	u8 *buf = kunit_kzalloc(test, ZCT_BYTES, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, skb->len, len);
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, buf, len), 0);
	for (i = 0; i < len; i++)
		if (buf[i] != zct_byte(pos + i))
			break;
	KUNIT_EXPECT_EQ(test, i, len);
}

static bool zct_refs_moved(struct zct_path *p)
{
	bool moved = false;
	unsigned int i;

	for (i = 0; i < ZCT_RANGES; i++)
		moved |= page_count(zct_page(p->mem[i])) != p->refs[i];
	return moved;
}

/* @keeps: the fragments are still lent, by as many packets as there are. */
static void zct_path_end(struct kunit *test, struct zct_path *p, bool keeps)
{
	const struct zct_memory *m = test->param_value;
	struct zct *t = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, t->ts.cleanups, keeps ? 0 : 1);
	KUNIT_EXPECT_EQ(test, t->ts.copied, !keeps);
	if (ZC_LENDS_UNCOUNTED || !keeps)
		KUNIT_EXPECT_FALSE(test, zct_refs_moved(p));

	for (i = 0; i < p->nr_more; i++) {
		KUNIT_EXPECT_EQ(test, t->ts.cleanups, keeps ? 0 : 1);
		kfree_skb(p->more[i]);
	}
	kfree_skb(p->skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, t->ts.back, ZCT_BYTES);
	KUNIT_EXPECT_FALSE(test, zct_refs_moved(p));
	for (i = 0; i < ZCT_RANGES; i++)
		m->put(p->mem[i]);
}

static void zc_path_clone(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	zct_more(test, p, skb_clone(p->skb, GFP_KERNEL));
	KUNIT_EXPECT_FALSE(test, zct_refs_moved(p));
	zct_expect_bytes(test, p->more[0], 0, ZCT_BYTES);
	zct_path_end(test, p, true);
}

static void zc_path_split(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);
	const unsigned int at = ZCT_LEN + 700;

	zct_more(test, p, alloc_skb(256, GFP_KERNEL));
	skb_split(p->skb, p->more[0], at);
	zct_expect_bytes(test, p->skb, 0, at);
	zct_expect_bytes(test, p->more[0], at, ZCT_BYTES - at);
	zct_path_end(test, p, true);
}

static void zc_path_expand(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	zct_more(test, p, skb_clone(p->skb, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, pskb_expand_head(p->more[0], 256, 0, GFP_KERNEL),
			0);
	zct_expect_bytes(test, p->more[0], 0, ZCT_BYTES);
	zct_expect_bytes(test, p->skb, 0, ZCT_BYTES);
	zct_path_end(test, p, true);
}

/* A header of its own, the same fragments. */
static void zc_path_copy_head(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	zct_more(test, p, pskb_copy(p->skb, GFP_KERNEL));
	zct_expect_bytes(test, p->more[0], 0, ZCT_BYTES);
	zct_path_end(test, p, true);
}

static void zc_path_carve(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	zct_more(test, p, pskb_extract(p->skb, ZCT_LEN + 50, 2000, GFP_KERNEL));
	zct_expect_bytes(test, p->more[0], ZCT_LEN + 50, 2000);
	zct_expect_bytes(test, p->skb, 0, ZCT_BYTES);
	zct_path_end(test, p, true);
}

static void zc_path_segment(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);
	struct sk_buff *segs, *seg, *next;
	const unsigned int mss = 1400;
	unsigned int pos = 0;

	p->skb->protocol = htons(ETH_P_IP);
	p->skb->ip_summed = CHECKSUM_PARTIAL;
	skb_reset_mac_header(p->skb);
	skb_reset_network_header(p->skb);
	skb_reset_transport_header(p->skb);
	skb_shinfo(p->skb)->gso_size = mss;
	skb_shinfo(p->skb)->gso_type = SKB_GSO_TCPV4;
	segs = skb_segment(p->skb, NETIF_F_SG | NETIF_F_HW_CSUM);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segs));
	skb_list_walk_safe(segs, seg, next) {
		unsigned int len = min(mss, ZCT_BYTES - pos);

		skb_mark_not_on_list(seg);
		zct_more(test, p, seg);
		zct_expect_bytes(test, seg, pos, len);
		pos += len;
	}
	KUNIT_EXPECT_EQ(test, pos, ZCT_BYTES);
	zct_path_end(test, p, true);
}

static void zc_path_trim_and_pull(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	/* Fewer bytes, but all of the loan until the packet goes. */
	KUNIT_ASSERT_EQ(test, pskb_trim(p->skb, 2 * ZCT_LEN - 5), 0);
	KUNIT_ASSERT_NOT_NULL(test, pskb_pull(p->skb, 20));
	zct_expect_bytes(test, p->skb, 20, 2 * ZCT_LEN - 25);
	zct_path_end(test, p, true);
}

static void zc_path_linearize(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	KUNIT_ASSERT_EQ(test, skb_linearize(p->skb), 0);
	zct_expect_bytes(test, p->skb, 0, ZCT_BYTES);
	zct_path_end(test, p, false);
}

static void zc_path_orphan(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	KUNIT_ASSERT_EQ(test, skb_orphan_frags_rx(p->skb, GFP_KERNEL), 0);
	zct_expect_bytes(test, p->skb, 0, ZCT_BYTES);
	zct_path_end(test, p, false);
}

static void zc_path_copy(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);

	zct_more(test, p, skb_copy(p->skb, GFP_KERNEL));
	zct_expect_bytes(test, p->more[0], 0, ZCT_BYTES);
	zct_path_end(test, p, true);
}

/* Somebody puts a page of his own behind it. */
static void zc_path_append(struct kunit *test)
{
	struct zct_path *p = zct_path_begin(test);
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, page);
	err = skb_append_pagefrags(p->skb, page, 0, 100, MAX_SKB_FRAGS);
	/* One flag tells for all fragments who has references. */
	if (ZC_LENDS_UNCOUNTED)
		KUNIT_EXPECT_EQ(test, err, -EMSGSIZE);
	else
		KUNIT_EXPECT_EQ(test, err, 0);
	zct_path_end(test, p, true);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	__free_page(page);
}

static struct kunit_case zc_path_cases[] = {
	KUNIT_CASE_PARAM(zc_path_clone, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_split, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_expand, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_copy_head, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_carve, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_segment, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_trim_and_pull, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_linearize, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_orphan, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_copy, zct_memory_gen_params),
	KUNIT_CASE_PARAM(zc_path_append, zct_memory_gen_params),
	{}
};

static struct kunit_suite zc_path_suite = {
	.name = "zerocopy-path",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_path_cases,
};

kunit_test_suite(zc_path_suite);
