# SPDX-License-Identifier: GPL-2.0-only
# What goes where on a host. Included by the Makefile; the Debian packages take the
# same targets, a package each.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
LIBDIR ?= $(PREFIX)/lib
UNITDIR ?= $(LIBDIR)/systemd/system
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
SRCDIR ?= /usr/src

VERSION := $(shell sed -n 's/.*KTURN_VERSION "\(.*\)"/\1/p' daemon/version.h)
# What the module is built of, for DKMS.
module_source := Kbuild $(wildcard kmod/*.[ch]) $(wildcard include/uapi/linux/*.h)
dkms_dir = $(DESTDIR)$(SRCDIR)/kturn-$(VERSION)
manuals := $(wildcard docs/man/*.[1-9])
conf := $(DESTDIR)$(SYSCONFDIR)/kturn/kturnd.conf

# $(call put,mode,file,place); the shell may have its part in both.
put = install -D -m $(1) $(2) "$(DESTDIR)$(3)"
# $(call fill_in,template,file): the same, with the places that it names filled in.
fill_in = install -d '$(dir $(DESTDIR)$(2))' && \
	sed 's,@sbindir@,$(PREFIX)/sbin,g; s,@sysconfdir@,$(SYSCONFDIR),g' $(1) \
	>'$(DESTDIR)$(2)'

.PHONY: install install-daemon install-dkms install-manuals uninstall deb check-deb check-install

install: install-daemon install-dkms

install-daemon: build/kturnd build/kturn install-manuals
	$(call put,755,build/kturnd,$(PREFIX)/sbin/kturnd)
	$(call put,755,build/kturn,$(PREFIX)/sbin/kturn)
	$(call put,644,packaging/completion/kturn,$(COMPLETIONDIR)/kturn)
	$(call put,644,packaging/completion/kturnd,$(COMPLETIONDIR)/kturnd)
	$(call put,644,packaging/sysusers.d/kturnd.conf,$(LIBDIR)/sysusers.d/kturnd.conf)
	$(call fill_in,packaging/systemd/kturnd.service,$(UNITDIR)/kturnd.service)
	# What an operator has written stays; it may hold passwords.
	[ -e '$(conf)' ] || install -D -m 640 packaging/kturnd.conf '$(conf)'

install-manuals:
	for page in $(manuals); do \
		$(call put,644,"$$page",$(MANDIR)/man$${page##*.}/$${page##*/}) || exit; \
	done

install-dkms:
	install -d '$(dkms_dir)'
	sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms/dkms.conf >'$(dkms_dir)/dkms.conf'
	for file in $(module_source); do \
		install -D -m 644 "$$file" "$(dkms_dir)/$$file" || exit; \
	done
	$(call put,644,packaging/modules-load.d/kturn.conf,$(LIBDIR)/modules-load.d/kturn.conf)

# What an operator has written stays here, too.
uninstall:
	rm -f $(foreach file,$(PREFIX)/sbin/kturnd $(PREFIX)/sbin/kturn $(COMPLETIONDIR)/kturn \
		$(COMPLETIONDIR)/kturnd \
		$(LIBDIR)/sysusers.d/kturnd.conf $(LIBDIR)/modules-load.d/kturn.conf \
		$(UNITDIR)/kturnd.service,'$(DESTDIR)$(file)') \
		$(foreach page,$(notdir $(manuals)),'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)')
	rm -rf '$(dkms_dir)'

# The packages kturnd and kturn-dkms, in build/deb/.
deb:
	@tools/deps deb build
	@packaging/build-deb

# What Debian's own tool finds in them.
check-deb: deb
	@tools/deps lint
	@lintian --allow-root --fail-on error,warning build/deb/kturnd_*.deb \
		build/deb/kturn-dkms_*.deb && echo 'lintian: nothing to report'

# Installs, upgrades, removes and purges them in a virtual machine with systemd.
check-install: deb client
	@tools/deps install vm
	@tests/install/run --kernel=$(KERNEL)
