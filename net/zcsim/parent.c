// SPDX-License-Identifier: GPL-2.0
/*
 * The platform devices that do the DMA.
 *
 * What maps a DMA-BUF for a NIC holds no reference on the device it maps for,
 * and unmaps when its netlink socket is closed: maybe long after the NIC has
 * gone. So a device that was lent out is kept and used again, and never freed.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "zcsim.h"

static DEFINE_MUTEX(zcsim_parents_lock);
static LIST_HEAD(zcsim_parents);

/**
 * zcsim_parent_get() - a device for a NIC
 *
 * Context: process, may sleep.
 * Return: the parent, or an ERR_PTR().
 */
struct zcsim_parent *zcsim_parent_get(void)
{
	struct platform_device_info info = {
		.name = "zcsim",
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct zcsim_parent *parent;
	int err;

	mutex_lock(&zcsim_parents_lock);
	parent = list_first_entry_or_null(&zcsim_parents, struct zcsim_parent,
					  node);
	if (parent)
		list_del(&parent->node);
	mutex_unlock(&zcsim_parents_lock);
	if (parent)
		return parent;

	parent = kzalloc_obj(*parent, GFP_KERNEL);
	if (!parent)
		return ERR_PTR(-ENOMEM);
	parent->pdev = platform_device_register_full(&info);
	if (IS_ERR(parent->pdev)) {
		err = PTR_ERR(parent->pdev);
		goto err_free;
	}
	err = zcsim_dma_check(&parent->pdev->dev);
	if (err)
		goto err_unregister;
	return parent;

err_unregister:
	platform_device_unregister(parent->pdev);
err_free:
	kfree(parent);
	return ERR_PTR(err);
}

/**
 * zcsim_parent_put() - the NIC has gone
 * @parent: its parent
 *
 * Context: process, may sleep.
 */
void zcsim_parent_put(struct zcsim_parent *parent)
{
	if (parent->lent) {
		mutex_lock(&zcsim_parents_lock);
		list_add(&parent->node, &zcsim_parents);
		mutex_unlock(&zcsim_parents_lock);
		return;
	}
	platform_device_unregister(parent->pdev);
	kfree(parent);
}

void zcsim_parent_exit(void)
{
	struct zcsim_parent *parent, *next;

	list_for_each_entry_safe(parent, next, &zcsim_parents, node) {
		/* Whoever still has something mapped finds it there. */
		get_device(&parent->pdev->dev);
		kmemleak_not_leak(parent->pdev);
		platform_device_unregister(parent->pdev);
		kfree(parent);
	}
}
