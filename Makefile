# mimeo's Makefile: plain GNU Make, non-recursive, out of tree. `make help` lists the targets.
.DEFAULT_GOAL := all
VARIANT ?= release
ifeq ($(VARIANT),release)
BUILD ?= build
else
BUILD ?= build/$(VARIANT)
endif
GEN := $(BUILD)/gen

LIBS  := base store http mail press house
ROOMS := front desk newsletter support
PKGS  := libmicrohttpd libcurl sqlite3 libsodium libcrypto libssl jansson libutf8proc libidn2 libdeflate libcmark-gfm libqrencode
PKGLIBS = $(shell pkg-config --libs $(PKGS)) -linih -lcmark-gfm-extensions -lresolv -lm

# --- flags: asked for, kept where the compiler knows them -------------------------------------------------------
probe = $(shell for f in $(1); do echo 'extern int x;' | $(CC) -Werror $$f -x c -c - -o /dev/null 2>/dev/null && printf '%s ' $$f; done)
WARN_WANTED := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wstrict-prototypes \
 -Wmissing-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wimplicit-fallthrough -Wnull-dereference \
 -Wdouble-promotion -Wduplicated-cond -Wlogical-op -Wjump-misses-init -Wuse-after-free=3
HARD_WANTED := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero
FLAGS_FILE := $(BUILD)/flags.mk
$(FLAGS_FILE): Makefile
	@mkdir -p $(@D)
	@echo 'PROBED := $(call probe,$(WARN_WANTED) $(HARD_WANTED))' > $@
ifeq ($(filter help clean check-house,$(MAKECMDGOALS)),)
-include $(FLAGS_FILE)
endif

CPPFLAGS += -D_GNU_SOURCE -Isrc -I$(BUILD)
COMMON := -std=gnu17 -g $(PROBED) -fno-strict-aliasing -fPIE -include src/base/ban.h $(if $(CI),-Werror)
ifeq ($(VARIANT),release)
CFLAGS  ?= -O2
COMMON  += -D_FORTIFY_SOURCE=3
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack
else ifeq ($(VARIANT),asan)
CFLAGS  ?= -O1
COMMON  += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DMIMEO_DEBUG=1
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(VARIANT),fuzz)
CC      := clang
CFLAGS  ?= -O1
COMMON  += -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer -DMIMEO_DEBUG=1
LDFLAGS += -fsanitize=address,undefined
endif

# --- what there is -------------------------------------------------------------------------------------------
src_of = $(sort $(wildcard src/$(1)/*.c))
obj_of = $(patsubst src/%.c,$(BUILD)/%.o,$(call src_of,$(1)))
SQL_GEN    := $(foreach r,store $(ROOMS),$(if $(wildcard src/$(r)/$(r).sql),$(GEN)/$(r)_sql))
SCHEMA_GEN := $(foreach r,$(ROOMS),$(if $(wildcard schema/$(r)/sqlite/*.sql),$(GEN)/$(r)_schema))
GEN_ALL    := $(SQL_GEN) $(SCHEMA_GEN) $(GEN)/theme_files
GEN_HEAD   := $(GEN_ALL:=.h)
GEN_OBJ    := $(GEN_ALL:=.o)
LIB_A      := $(foreach l,$(LIBS),$(BUILD)/lib$(l).a)
ROOM_A     := $(foreach r,$(ROOMS) parent,$(BUILD)/lib$(r).a)
LINK_ORDER := $(ROOM_A) $(BUILD)/libhouse.a $(BUILD)/libpress.a $(BUILD)/libmail.a $(BUILD)/libhttp.a $(BUILD)/libstore.a $(BUILD)/libbase.a

.PHONY: all help clean unit fuzz-replay check-archive check-house scenario shots bench bench-site bench-newsletter bench-support torture $(addprefix lib-,$(LIBS) $(ROOMS) parent)
all: $(BUILD)/mimeo $(BUILD)/mimeo-image $(BUILD)/mimeo-movein $(BUILD)/mimeo-receipt $(BUILD)/mimeo-camt

$(BUILD)/mimeo: $(BUILD)/main.o $(GEN_OBJ) $(LINK_ORDER)
	$(CC) $(LDFLAGS) -o $@ $(BUILD)/main.o $(GEN_OBJ) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group $(PKGLIBS)

$(BUILD)/mimeo-image: $(call obj_of,image) $(BUILD)/libbase.a
	$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs vips libsodium) -linih
$(BUILD)/image/%.o: CPPFLAGS += $(shell pkg-config --cflags vips | sed 's/-I/-isystem /g')

# mimeo-receipt: pango and what it brings stay out of the rooms.
$(BUILD)/mimeo-receipt: $(call obj_of,receipt) $(BUILD)/libbase.a
	$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs pangocairo libsodium) -linih
$(BUILD)/receipt/%.o: CPPFLAGS += $(shell pkg-config --cflags pangocairo | sed 's/-I/-isystem /g')

# mimeo-movein: libxml2 stays out of the rooms. Its parts are a library as well, for tests.
MOVEIN_LIBS = $(shell pkg-config --libs libxml-2.0)
$(BUILD)/libmovein.a: $(filter-out %/main.o,$(call obj_of,movein))
	@rm -f $@
	ar rcsD $@ $^
$(BUILD)/mimeo-movein: $(BUILD)/movein/main.o $(BUILD)/libmovein.a $(BUILD)/libbase.a
	$(CC) $(LDFLAGS) -o $@ $^ $(MOVEIN_LIBS) $(shell pkg-config --libs jansson libsodium) -linih
$(BUILD)/movein/%.o $(BUILD)/unit/movein/% $(BUILD)/replay/fuzz_movein_% $(BUILD)/fuzz/fuzz_movein_%: CPPFLAGS += $(shell pkg-config --cflags libxml-2.0 | sed 's/-I/-isystem /g')

# mimeo-camt: banks' statements; the same.
$(BUILD)/libcamt.a: $(filter-out %/main.o,$(call obj_of,camt))
	@rm -f $@
	ar rcsD $@ $^
$(BUILD)/mimeo-camt: $(BUILD)/camt/main.o $(BUILD)/libcamt.a $(BUILD)/libbase.a
	$(CC) $(LDFLAGS) -o $@ $^ $(MOVEIN_LIBS) $(shell pkg-config --libs jansson libsodium) -linih
$(BUILD)/camt/%.o $(BUILD)/unit/camt/% $(BUILD)/replay/fuzz_camt $(BUILD)/fuzz/fuzz_camt: CPPFLAGS += $(shell pkg-config --cflags libxml-2.0 | sed 's/-I/-isystem /g')

define lib_rules
lib-$(1): $$(BUILD)/lib$(1).a
$$(BUILD)/lib$(1).a: $$(call obj_of,$(1))
	@rm -f $$@
	ar rcsD $$@ $$^
endef
$(foreach l,$(LIBS) $(ROOMS) parent,$(eval $(call lib_rules,$(l))))

$(BUILD)/%.o: src/%.c $(FLAGS_FILE) | $(GEN_HEAD)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -MMD -MP -c -o $@ $<
$(GEN)/%.o: $(GEN)/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -c -o $@ $<

# --- files built into the program ------------------------------------------------------------------------------
$(BUILD)/embed: tools/embed.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -Wall -Wextra -o $@ $<
define gen_sql
$$(GEN)/$(1)_sql.c $$(GEN)/$(1)_sql.h &: src/$(1)/$(1).sql $$(BUILD)/embed
	@mkdir -p $$(@D)
	$$(BUILD)/embed sql $(1) $$(GEN)/$(1)_sql src/$(1)/$(1).sql
endef
define gen_schema
$$(GEN)/$(1)_schema.c $$(GEN)/$(1)_schema.h &: schema/$(1)/sqlite $$(sort $$(wildcard schema/$(1)/sqlite/*.sql)) $$(BUILD)/embed
	@mkdir -p $$(@D)
	$$(BUILD)/embed files $(1)_schema $$(GEN)/$(1)_schema $$(filter %.sql,$$^)
endef
$(foreach r,store $(ROOMS),$(if $(wildcard src/$(r)/$(r).sql),$(eval $(call gen_sql,$(r)))))
$(foreach r,$(ROOMS),$(if $(wildcard schema/$(r)/sqlite/*.sql),$(eval $(call gen_schema,$(r)))))
$(GEN)/theme_files.c $(GEN)/theme_files.h &: theme $(sort $(wildcard theme/* theme/*/*)) $(BUILD)/embed
	@mkdir -p $(@D)
	$(BUILD)/embed tree theme_files $(GEN)/theme_files theme
.SECONDEXPANSION:

# --- tests -----------------------------------------------------------------------------------------------------
UNIT_SRC := $(sort $(wildcard tests/unit/*/*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
.PRECIOUS: $(BUILD)/%.o $(GEN)/%.c $(GEN)/%.h
$(BUILD)/unit/%: tests/unit/%.c $(LINK_ORDER) $(GEN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) $(filter-out -Wmissing-prototypes -include src/base/ban.h,$(COMMON)) -o $@ $< $(GEN_OBJ) $(LDFLAGS) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group -lcmocka $(PKGLIBS)
$(BUILD)/unit/image/test_image $(BUILD)/unit/image/test_hostile: | $(BUILD)/mimeo-image
$(BUILD)/unit/movein/% $(BUILD)/replay/fuzz_movein_% $(BUILD)/fuzz/fuzz_movein_%: PKGLIBS += $(BUILD)/libmovein.a $(BUILD)/libbase.a $(MOVEIN_LIBS)
$(filter $(BUILD)/unit/movein/%,$(UNIT_BIN)): $(BUILD)/libmovein.a | $(BUILD)/mimeo-movein
$(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(filter tests/fuzz/fuzz_movein_%,$(FUZZ_SRC))) $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(filter tests/fuzz/fuzz_movein_%,$(FUZZ_SRC))): $(BUILD)/libmovein.a
$(BUILD)/unit/camt/% $(BUILD)/replay/fuzz_camt $(BUILD)/fuzz/fuzz_camt: PKGLIBS += $(BUILD)/libcamt.a $(BUILD)/libbase.a $(MOVEIN_LIBS)
$(filter $(BUILD)/unit/camt/%,$(UNIT_BIN)) $(BUILD)/replay/fuzz_camt $(BUILD)/fuzz/fuzz_camt: $(BUILD)/libcamt.a
$(filter $(BUILD)/unit/support/%,$(UNIT_BIN)): | $(BUILD)/mimeo-camt
$(BUILD)/replay/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(LINK_ORDER) $(GEN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -Wmissing-prototypes -include src/base/ban.h,$(COMMON)) -o $@ $< tests/fuzz/replay_main.c $(GEN_OBJ) $(LDFLAGS) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group $(PKGLIBS)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LINK_ORDER) $(GEN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -Wmissing-prototypes -include src/base/ban.h,$(COMMON)) -fsanitize=fuzzer -o $@ $< $(GEN_OBJ) $(LDFLAGS) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group $(PKGLIBS)

unit: ; @$(MAKE) --no-print-directory VARIANT=asan unit-run
unit-run: $(UNIT_BIN) ; @tools/run-units $(BUILD) $(UNIT_BIN)
unit-%: ; @$(MAKE) --no-print-directory VARIANT=asan UNIT_ROOM=$* unit-room-run
unit-room-run: $(filter $(BUILD)/unit/$(UNIT_ROOM)/%,$(UNIT_BIN)) ; @tools/run-units $(BUILD) $^
fuzz-replay: ; @$(MAKE) --no-print-directory VARIANT=asan replay-run
replay-run: $(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(FUZZ_SRC)) ; @tools/run-replays $^
fuzz: ; @$(MAKE) --no-print-directory VARIANT=fuzz fuzz-build
fuzz-build: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))

help:
	@echo 'make             build/mimeo and its helpers mimeo-image, -movein, -receipt and -camt'
	@echo 'make unit        unit tests under ASan and UBSan;  make unit-ROOM: one folder of them'
	@echo 'make fuzz-replay the fuzzers'"'"' corpora;  make fuzz: the fuzzers themselves (clang), in build/fuzz/fuzz/'
	@echo 'make scenario    the real binary, real sockets, a real browser'
	@echo 'make shots       pictures of every kind of page, in build/shots/ (for people to look at)'
	@echo 'make check-archive  every page of 10,000 stories through the Nu HTML checker, some of each kind through axe'
	@echo 'make check-house the house rules;  make bench, bench-site: ratios;  make torture: kill at every system call, every flow of a gift'
scenario: all ; @tests/scenario/run
shots: all ; @tests/shots/run
check-archive: all ; @tests/archive/run $(ARCHIVE)
check-house: ; @tools/check-house
bench: all ; @tests/bench/run
bench-site: all ; @tests/bench/site/run $(BENCH)
torture: all ; @tests/fault/run --all && FLOWS=all tests/scenario/run test_flows.py
$(BUILD)/bench/fill: tests/bench/newsletter/fill.c $(LINK_ORDER) $(GEN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -o $@ $< $(GEN_OBJ) $(LDFLAGS) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group $(PKGLIBS)
$(BUILD)/bench/blaster: tests/bench/newsletter/blaster.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -o $@ $<
$(BUILD)/bench/ed25519: tests/bench/newsletter/ed25519.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -o $@ $< -lsodium
bench-newsletter: all ; @/usr/bin/python3 tests/bench/newsletter/bench.py $(BENCH)
$(BUILD)/bench/support-fill: tests/bench/support/fill.c $(LINK_ORDER) $(GEN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON) -o $@ $< $(GEN_OBJ) $(LDFLAGS) -Wl,--start-group $(LINK_ORDER) -Wl,--end-group $(PKGLIBS)
$(BUILD)/bench/hammer: tests/bench/support/hammer.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -include src/base/ban.h,$(COMMON)) -o $@ $< -lsodium
bench-support: all $(BUILD)/bench/support-fill $(BUILD)/bench/hammer $(BUILD)/unit/support/test_histories ; @/usr/bin/python3 tests/bench/support/bench.py $(BENCH)
clean: ; rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
