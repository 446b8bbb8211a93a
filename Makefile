# SPDX-License-Identifier: GPL-2.0
KDIR ?= /lib/modules/$(shell uname -r)/build
OUT ?= $(CURDIR)/out
PREFIX ?= /usr/local
DEST ?= /lib/modules/$(shell uname -r)/extra

# The scripts have defaults of their own; they see only what the user gave.
given = $(if $(filter command line environment,$(origin $(1))),$(1)='$($(1))')
chosen = $(call given,KDIR) $(call given,KERNEL) $(call given,KSRC)

modules:
	@tools/vm/modules.sh '$(KDIR)' '$(OUT)' $(if $(ZC_TESTS),ZC_TESTS=$(ZC_TESTS)) $(if $(ZC_SAMPLES),ZC_SAMPLES=$(ZC_SAMPLES)) \
		$(if $(ZC_DEBUG_REFS),ZC_DEBUG_REFS=$(ZC_DEBUG_REFS))

help:
	@echo 'make [modules] [KDIR=headers] [OUT=dir]   the modules for a kernel (default: the running one, in out/)'
	@echo 'make demo                                 see it work on an unmodified Debian kernel'
	@echo 'make test [DEBUG=1] [PATCHED=1] [GUESTS="test cloud generic"] [KERNEL=built kernel] [KSRC=source] [KDIR=headers]'
	@echo '          [ZC_ONLY=regex]                 guests are also cloud-7.2 and generic-7.2, Debian'"'"'s own 7.2'
	@echo 'make check                                style, sparse, W=1, kernel-doc, shellcheck, our own rules'
	@echo 'make bench, make mutate                   measurements; do the tests notice what is broken?'
	@echo 'make drvtests [DEBUG=1] [TESTS=names]     the kernel'"'"'s own driver tests over zcsim'
	@echo 'make nettests [PATCHED=1] [DEBUG=1]       those of its network tests that patches/7.2 might break'
	@echo 'make zcstat                               what ss is for sockets, in out/; see tools/zcstat/zcstat.1'
	@echo 'make lib                                  libzerocopy and two programs that use it, in out/lib; see tools/lib'
	@echo 'make kernel-debian, make kernel-test      fetch or build the kernels (DEBUG=1, PATCHED=1)'
	@echo 'make deps                                 install what is missing from Debian (as root)'
	@echo 'make install, make uninstall, make clean'

deps:
	@tools/vm/deps.sh

deps-%:
	@tools/vm/deps.sh $*

test: deps-test
	@$(chosen) DEBUG='$(or $(DEBUG),0)' PATCHED='$(or $(PATCHED),0)' tools/vm/test.sh

check: deps-check
	@$(chosen) tools/check/check.sh

demo: deps
	@tools/demo/run.sh

bench: deps-bench
	@tools/bench/run.sh

mutate: deps-test
	@tools/mutate/run.sh

drvtests: deps-drvtests
	@$(chosen) DEBUG='$(or $(DEBUG),0)' PATCHED='$(or $(PATCHED),0)' tools/drvtests/run.sh $(TESTS)

nettests: deps-drvtests
	@$(chosen) DEBUG='$(or $(DEBUG),0)' PATCHED='$(or $(PATCHED),0)' tools/drvtests/run.sh net

CC ?= gcc
CFLAGS ?= -O2
zcstat: $(OUT)/zcstat
$(OUT)/zcstat: tools/zcstat/zcstat.c
	@mkdir -p '$(OUT)'
	$(CC) $(CFLAGS) -Wall -Wextra $(LDFLAGS) -o '$@' $<

lib:
	@$(MAKE) --no-print-directory -C tools/lib OUTPUT='$(abspath $(OUT))/lib' PREFIX='$(PREFIX)'

kernel-debian: deps
	@tools/vm/kernel-debian.sh cloud
	@tools/vm/kernel-debian.sh generic

kernel-test: deps
	@$(chosen) tools/vm/kernel-test.sh $(if $(filter 1,$(PATCHED)),patched) $(if $(filter 1,$(DEBUG)),debug)

# For the kernel that DEST belongs to, if it belongs to one.
depmod = $(if $(filter /lib/modules/%,$(DEST)),depmod '$(word 3,$(subst /, ,$(DEST)))')

install: modules zcstat lib
	@[ "$$(id -u)" = 0 ] || { echo "make install: run as root." >&2; exit 1; }
	install -d '$(DEST)'
	install -m 644 '$(OUT)'/zerocopy*.ko '$(DEST)'
	install -D -m 755 '$(OUT)/zcstat' '$(PREFIX)/sbin/zcstat'
	install -D -m 644 tools/zcstat/zcstat.1 '$(PREFIX)/share/man/man1/zcstat.1'
	@$(MAKE) --no-print-directory -C tools/lib install OUTPUT='$(abspath $(OUT))/lib' PREFIX='$(PREFIX)'
	$(depmod)

uninstall:
	@[ "$$(id -u)" = 0 ] || { echo "make uninstall: run as root." >&2; exit 1; }
	rm -f $(foreach m,zerocopy zerocopy_entry zerocopy_livepatch zerocopy_rx,'$(DEST)'/$(m).ko)
	rm -f '$(PREFIX)/sbin/zcstat' '$(PREFIX)/share/man/man1/zcstat.1'
	@$(MAKE) --no-print-directory -C tools/lib uninstall PREFIX='$(PREFIX)'
	$(depmod)

clean:
	rm -rf '$(CURDIR)/out'

.PHONY: modules zcstat lib help deps test check demo bench mutate drvtests nettests kernel-debian kernel-test install uninstall clean
