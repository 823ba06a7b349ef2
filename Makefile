# SPDX-License-Identifier: GPL-2.0-only
# `make help` lists the targets. Everything built goes below build/.

# kernels to build the module for and to test in; see tools/vm/kernel
KERNELS ?= 6.1 6.12
# the kernel of `make demo`; of `make bench`, several with commas if you like
KERNEL ?= 6.1
# `make bench`: quick or full
BENCH ?= quick
# of `make stress`
MINUTES ?= 20
RELAYS ?= 1000
# of `make fuzz`; a seed of its own each time unless SEED says one
MESSAGES ?= 2000000
SEED ?=
# the module is also built for the running kernel if its headers are there
RUNNING := $(if $(wildcard /lib/modules/$(shell uname -r)/build),running)

CC := gcc
CFLAGS ?= -O2 -g
# asked when a file is compiled: the packages may not be there before
PACKAGES := libnl-genl-3.0 libevent_core libevent_pthreads \
	    gnutls hiredis jansson lmdb sqlite3
ALL_CFLAGS = -std=gnu11 -Wall -Wextra -Werror $(CFLAGS) $(CPPFLAGS) -MMD -MP \
	     -Iinclude/uapi -iquote daemon $$(pkg-config --cflags $(PACKAGES))
ALL_LIBS = -Wl,--as-needed $$(pkg-config --libs $(PACKAGES)) -pthread
# the unit tests run with these
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# and these find what threads do to each other
RACES := -fsanitize=thread
# libFuzzer comes with clang
FUZZ_CC := clang

daemon_lib := $(filter-out daemon/main.c,$(wildcard daemon/*.c))
tool := $(wildcard tools/kturn/*.c)
client := $(wildcard tools/client/*.c)
unit := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*.c))
kselftests := $(patsubst tests/kselftest/%.c,build/kselftest/%,\
	      $(wildcard tests/kselftest/*.c))
kselftest_lib := $(wildcard tests/kselftest/lib/*.c)
fuzz := $(wildcard tests/fuzz/*.c)
fuzz_daemon := $(addprefix build/fuzz-daemon/,record stun stream turn)
fuzz_world := $(addprefix tests/fuzz/daemon/,chance.c client.c clock.c grow.c hello.c net.c script.c token.c)
interop := $(wildcard tests/interop/*.c)
bench_traffic := $(wildcard tools/bench/traffic/*.c)
bench_relay := $(wildcard tools/bench/relay/*.c)
bench_client := $(addprefix tools/client/,net.c turn.c challenge.c message.c secure.c tunnel.c)
programs := build/kturnd build/kturn build/kturn-client

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help module daemon tool client programs check-built run demo check check-prepared check-unit \
	check-kselftest check-kselftest-runner check-interop check-debug check-sanitized \
	fuzz stress hostile load site \
	generate check-generated bench bench-compare bench-check bench-baseline \
	clean deps-build deps-unit deps-fuzz fuzz-daemon check-fuzz-daemon

all: module daemon tool

help:
	@echo 'make              the module, the daemon kturnd and the command kturn'
	@echo 'make demo         one relayed call between three hosts, in a virtual'
	@echo '                  machine; KERNEL=6.1|6.12|debug|latest'
	@echo 'make run          serves on this machine until Ctrl-C'
	@echo 'make check        all tests; check-unit, check-kselftest and'
	@echo '                  check-interop run a part, check-debug the tests'
	@echo '                  in a kernel that looks for mistakes, check-sanitized'
	@echo '                  the daemon with ASan and UBSan'
	@echo 'make bench        what relaying costs, beside other relays; BENCH=quick|full,'
	@echo '                  KERNEL=6.1|6.12|latest, several with commas'
	@echo 'make bench-compare BASE=results.json: what has moved since'
	@echo 'make bench-check  have the kernel engines become slower? bench-baseline'
	@echo '                  records how fast they are'
	@echo 'make fuzz         invalid requests; MESSAGES=, SEED=, KERNEL='
	@echo 'make fuzz-daemon  hostile bytes for the daemon, on this host; MINUTES= each'
	@echo 'make site         RELAYS= whose server is upgraded, and then killed every second, for'
	@echo '                  SECONDS=, in a virtual machine'
	@echo 'make hostile      a client in bad company, on this host; CROWD= of each kind'
	@echo 'make load         so many clients at once, coturn'"'"'s, on this host; CLIENTS=,'
	@echo '                  SERVER=coturn to compare'
	@echo 'make stress       relays that end at random; MINUTES=, RELAYS=, KERNEL='
	@echo 'make generate     the netlink code, from include/netlink/kturn.yaml'
	@echo 'make install      DESTDIR=, PREFIX=: the programs, the unit, the module'"'"'s source;'
	@echo '                  make uninstall takes them away, but for the configuration'
	@echo 'make deb          Debian packages of them, in build/deb; make check-deb has'
	@echo '                  lintian look at these, make check-install tries them in a'
	@echo '                  virtual machine; KERNEL=6.1|6.12'
	@echo 'make clean'

# --- the module

module: $(KERNELS:%=module-%) $(RUNNING:%=module-%)

module-%:
	@tools/build-module $*

# --- the programs

daemon: build/kturnd
tool: build/kturn
client: build/kturn-client
programs: $(programs)

deps-build:
	@tools/deps build
deps-unit:
	@tools/deps build unit
deps-fuzz:
	@tools/deps build fuzz

build/obj/%.o: %.c | deps-build
	@mkdir -p $(@D)
	@echo '  CC      $<'
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

build/san/%.o: %.c | deps-build
	@mkdir -p $(@D)
	@echo '  CC      $< (sanitized)'
	@$(CC) $(ALL_CFLAGS) $(SANITIZE) -c -o $@ $<

build/race/%.o: %.c | deps-build
	@mkdir -p $(@D)
	@echo '  CC      $< (for races)'
	@$(CC) $(ALL_CFLAGS) $(RACES) -c -o $@ $<

# Made anew, so that no object of a file that is gone stays in.
build/%/libkturn.a:
	@rm -f $@
	@ar rcs $@ $^
build/obj/libkturn.a: $(daemon_lib:%.c=build/obj/%.o)
build/san/libkturn.a: $(daemon_lib:%.c=build/san/%.o)
build/race/libkturn.a: $(daemon_lib:%.c=build/race/%.o)

link = @echo '  LINK    $@'; mkdir -p $(@D); \
	$(CC) $(CFLAGS) $(LDFLAGS) $(1) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALL_LIBS)

build/kturnd: build/obj/daemon/main.o build/obj/libkturn.a
	$(call link)

# The daemon again, to be run by tests/interop/run --sanitized.
build/san/kturnd: build/san/daemon/main.o build/san/libkturn.a
	$(call link,$(SANITIZE))

build/race/kturnd: build/race/daemon/main.o build/race/libkturn.a
	$(call link,$(RACES))

# As it was before STATE_VERSION got what it is now, for what it kept to be taken over.
build/older/daemon/state.o: daemon/state.c | deps-build
	@mkdir -p $(@D)
	@echo '  CC      $< (of an older version)'
	@$(CC) $(ALL_CFLAGS) -DSTATE_VERSION=1 -c -o $@ $<

build/older/kturnd: build/obj/daemon/main.o build/older/daemon/state.o build/obj/libkturn.a
	$(call link)

build/kturn: private ALL_LIBS += $$(pkg-config --libs ncursesw)
build/kturn: $(tool:%.c=build/obj/%.o) build/obj/libkturn.a
	$(call link)

build/kturn-client: $(client:%.c=build/obj/%.o) build/obj/libkturn.a
	$(call link)

build/unit/%: build/san/tests/unit/%.o build/san/libkturn.a | deps-unit
	$(call link,$(SANITIZE)) -lcmocka

# What signs as a client does.
signing := $(addprefix test_,cve stun_keys mobility mobility_others restore)
$(signing:%=build/san/tests/unit/%.o): private CPPFLAGS += -iquote tools/client
$(signing:%=build/unit/%): build/san/tools/client/challenge.o

# What is of the command kturn.
commands := $(addprefix test_,asking user_listed password printable relay_filter monitor top trace_shown diagnosis)
$(commands:%=build/san/tests/unit/%.o): private CPPFLAGS += -iquote tools/kturn
$(commands:%=build/unit/%): build/san/libcommand.a
build/san/libcommand.a: $(patsubst %.c,build/san/%.o,$(filter-out %/main.c,$(tool)))
	@rm -f $@
	@ar rcs $@ $^

# One program: the tests, and all of the client but its main().
build/interop/wire: $(interop:%.c=build/obj/%.o) \
		$(patsubst %.c,build/obj/%.o,$(filter-out %/main.c,$(client))) \
		build/obj/libkturn.a
	$(call link)

# The harness is the kernel's; it stays where it is. Its macros leave
# parameters unused.
build/obj/tests/kselftest/%.o: private CPPFLAGS += -Wno-unused-parameter \
	-isystem "$$(tools/linux-source)/tools/testing/selftests"

build/kselftest/%: build/obj/tests/kselftest/%.o \
		   $(kselftest_lib:%.c=build/obj/%.o)
	$(call link)

build/obj/tests/fuzz/%.o: private CPPFLAGS += -iquote tests/kselftest/lib

build/fuzz: $(fuzz:%.c=build/obj/%.o) $(kselftest_lib:%.c=build/obj/%.o)
	$(call link)

# The daemon's libFuzzer targets, all of clang's making.
build/clang/%.o: %.c | deps-fuzz
	@mkdir -p $(@D)
	@echo '  CLANG   $<'
	@$(FUZZ_CC) $(ALL_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -c -o $@ $<

build/clang/libkturn.a: $(daemon_lib:%.c=build/clang/%.o)

build/fuzz-daemon/%: build/clang/tests/fuzz/daemon/%.o build/clang/libkturn.a
	@echo '  LINK    $@'; mkdir -p $(@D)
	@$(FUZZ_CC) $(CFLAGS) $(LDFLAGS) $(SANITIZE) -fsanitize=fuzzer -o $@ \
		$(filter %.o %.a,$^) $(ALL_LIBS)

build/clang/tests/fuzz/daemon/%.o: private CPPFLAGS += -iquote tools/client

build/fuzz-daemon/turn: $(fuzz_world:%.c=build/clang/%.o) \
			build/clang/tools/client/challenge.o

# The benchmark's traffic, which knows TURN, and the relays it compares with.
build/obj/tools/bench/%.o: private CPPFLAGS += -iquote tools/client

build/bench/traffic: $(bench_traffic:%.c=build/obj/%.o) \
		     $(bench_client:%.c=build/obj/%.o) build/obj/libkturn.a
	$(call link)

build/bench/relay: $(bench_relay:%.c=build/obj/%.o) build/obj/tools/client/net.o \
		   build/obj/libkturn.a
	$(call link)

-include $(shell find build -name '*.d' -type f 2>/dev/null)

# --- the netlink code

generate:
	@tools/ynl/generate

check-generated:
	@tools/ynl/generate --check

# --- running it

run: programs
	@tools/serve/run

demo: programs module-$(KERNEL)
	@tools/deps demo vm
	@KERNEL=$(KERNEL) tools/demo/run

# --- tests

bench_built := build/bench/traffic build/bench/relay build/kturnd build/kturn
# Where the clock jumps ahead when nothing happens: kselftests that mostly wait, and, once,
# what wants a clock that counts instructions.
waiting := dead_peer+limit
counted := icount:6.1:$(waiting) icount:6.12:$(waiting)+idle+rate+window
not_there := rate dead_peer limit
# The kselftests in each kernel; all of the interop tests that want one in the first, in the
# others some relays and how they end.
in_vms = vm:$(firstword $(KERNELS)):interop vm:$(firstword $(KERNELS)):serial \
	 $(patsubst %,vm:%:serial+ends,$(wordlist 2,99,$(KERNELS))) \
	 $(KERNELS:%=smp:%:racing)

check-built: $(programs) build/older/kturnd build/fuzz build/interop/wire $(kselftests) $(if $(interop),build/interop/wire)
check: check-built $(unit) $(fuzz_daemon) $(KERNELS:%=module-%)
	@KTURN_WITHOUT='$(not_there)' tools/check $(in_vms) $(counted) interop unit fuzz-daemon generated docs files

# All that has to be there before the checks, which may then run side by side.
check-prepared: check-built $(unit) $(fuzz_daemon) $(KERNELS:%=module-%) module-debug $(bench_built)
	@tools/deps check vm bench

check-unit: $(unit)
	@tools/check unit

check-fuzz-daemon: $(fuzz_daemon)
	@tools/check fuzz-daemon

check-kselftest: check-built
	@KTURN_WITHOUT='$(not_there)' tools/check $(KERNELS:%=smp:%:kselftest) $(counted) icount:6.1:rate

check-interop: check-built
	@tools/check interop $(KERNELS:%=vm:%:interop)

same_again := V4_peer V6_client MAPPED_client MAPPED_peer TLS12_client MAPPED \
	      $(foreach size,1B 1KiB 64KiB 1MiB,MAPPED_$(size)) V6_1B V6_1KiB

# Without what takes too long there: run those by themselves. A variant of each kind is
# left for locks and lifetimes to be looked at.
check-debug: check-built
	@KTURN_WITHOUT='$(not_there) tls tls_end' KTURN_WITHOUT_VARIANTS='$(same_again)' \
		tools/check vm:debug:2/2+ends vm:debug:1/2+fuzz smp:debug:racing \
		icount:debug:$(waiting)

# On this host, in a network namespace of its own: here is no kernel to be spared.
check-sanitized: $(programs) build/san/kturnd build/race/kturnd build/interop/wire
	@tools/deps check
	@tests/interop/run --engine=splice --sanitized
	@tests/interop/run --engine=splice --workers=4 --sanitized=race

# A client beside so many half-open handshakes, slow ones, and floods, on this host.
hostile: CROWD = 10000
hostile: $(programs) build/interop/wire
	@tools/deps check
	@tests/interop/run --hostile=$(CROWD)

# So many of coturn's clients; each way to the server takes two minutes with 1000.
load: CLIENTS = 1000
load: SERVER = kturnd
load: $(programs) build/interop/wire
	@tools/deps check
	@tests/interop/run --load=$(CLIENTS) --server=$(SERVER)

# In a virtual machine; half of the relays' clients come over TLS, and shaking hands takes its
# time there.
site: RELAYS = 1000
site: SECONDS = 300
site: KERNEL = 6.12
site: $(programs) build/older/kturnd build/interop/wire
	@tools/deps check
	@$(MAKE) module-$(KERNEL)
	@tools/vm/run --kernel=$(KERNEL) --module=dyndbg=-p --cpus=2 --memory=3G \
		--timeout=$$((600 + $(RELAYS) + 4 * $(SECONDS))) -- \
		tests/interop/run --site=$(RELAYS),$(SECONDS)

# With the kernel's own runner, as an operator would.
check-kselftest-runner:
	@$(MAKE) -C tests/kselftest install INSTALL_PATH=$(CURDIR)/build/kselftest-installed
	@tools/check $(KERNELS:%=runner:%)

# The long ones say nothing of each relay: the kernel log would not hold it.
fuzz stress: KERNEL = debug
long = tools/vm/run --kernel=$(KERNEL) --module=dyndbg=-p

# New inputs for the daemon, on this host.
fuzz-daemon: MINUTES = 1
fuzz-daemon: $(fuzz_daemon)
	@tests/fuzz/daemon/run --minutes=$(MINUTES)

fuzz: build/fuzz
	@KTURN_FUZZ_MESSAGES=$(MESSAGES) KTURN_FUZZ_SEED=$(SEED) \
		$(long) --timeout=7200 -- tests/fuzz/run

stress: build/kselftest/stress
	@KTURN_STRESS_SECONDS=$$(($(MINUTES) * 60)) KTURN_STRESS_RELAYS=$(RELAYS) \
		$(long) --timeout=$$(($(MINUTES) * 120 + 600)) -- build/kselftest/stress

# --- how fast it is; docs/BENCHMARKS.md

results ?= build/bench/results.json

bench: $(bench_built)
	@tools/bench/run --$(BENCH) --kernel='$(KERNEL)'
	@tools/bench/report build/bench

bench-compare:
	@[ "$(BASE)" ] || { echo 'make bench-compare BASE=results.json' >&2; exit 2; }
	@tools/bench/compare '$(BASE)' $(results)

bench-check: $(bench_built)
	@tools/check bench:$(KERNEL)

bench-baseline: $(bench_built)
	@tools/bench/check --record '$(KERNELS)'

# --- the rest

include packaging/install.mk

clean:
	rm -rf build
