/*
 * Replay of interrupt-remapping vectors: the set-up, the steps and the comparisons. The machine
 * that they drive is in remap_unit.h.
 *
 * Not compared, because it says nothing of the unit: which device made a request ("via"), what a
 * second version of the recorded implementation did, and that a local APIC was not looked at
 * (without "lapic_irr_confirmed").
 */
#include "conform/conform_internal.h"
#include "conform/exceptions.h"
#include "conform/remap_unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Where the tables of the vectors lie (no memory answers at X); the host address width. */
enum { TABLE_A = 0x1000000, TABLE_B = 0x1400000, ADDRESS_BITS = 39 };

#define TABLE_X UINT64_C(0x400000000)

/** The longest batch, the longest sequence, the greatest index. */
enum { BATCH_MAX = 255, STEPS_MAX = 1000, INDEX_MAX = 0x20000 };

/** Invalidation descriptors, where their index and mask go. */
enum { IEC_GLOBAL = 0x4, IEC_SELECTIVE = 0x14, IEC_IM_LOW = 27, IEC_INDEX_LOW = 32 };

/** The recorded machine's CPUs, the first vector that a local APIC takes. */
enum { CPUS = 4, FIRST_LEGAL = 16 };

/** Addresses of interrupt requests: bits 31:20. A descriptor. */
enum { MSI_RANGE_LOW = 20, MSI_RANGE = 0xFEE, DESCRIPTOR_BYTES = 16 };

/** Room of texts: a number of 32 bits, one of 64. */
enum { DEST_BYTES = 11, WORD_BYTES = 19 };

/** A replay. */
typedef struct {
    conform_out_t *out;
    bool events; /**< the registers of events are recorded */
    int step;
    remap_unit_t m;
} remap_t;

/** Registers by the names that steps use; the last is bits 127:64 of the fault recording register.
 */
static const struct {
    const char *name;
    uint32_t offset;
    uint32_t bytes;
} remap_registers[] = {

#define VTDPI_REG(NAME, offset_, bytes_, rw, rw1c, doc)                                            \
    {.name = #NAME, .offset = (offset_), .bytes = (bytes_)},
#include "vtdpi/layout/vtd_regs.def"
#undef VTDPI_REG
    {.name = "FRCD_HI", .offset = VTDPI_FRCD_OFFSET + 8, .bytes = 8},
};

enum { REGISTERS = sizeof remap_registers / sizeof remap_registers[0] };

/* --- set-up --- */

static const char *const table_names[] = {"A", "B", "X"};
static const uint64_t table_bases[] = {TABLE_A, TABLE_B, TABLE_X};

enum {
    TABLES = sizeof table_bases / sizeof table_bases[0],
    TABLE_SIZE_MAX = 15,
    ENTRIES_MAX = 2 << TABLE_SIZE_MAX
};

/** Writes IRTA with the table, size and EIME that [object] names; returns the size's field. */
static unsigned setup_table(remap_t *r, const json_t *object)
{
    uint64_t irta = table_bases[conform_choice(r->out, object, "table", table_names, TABLES)];
    uint64_t size = conform_number(r->out, object, "table_size_field", TABLE_SIZE_MAX);
    irta |= size | (uint64_t)conform_flag(r->out, object, "eime") << VTDPI_IRTA_EIME_LOW;
    remap_write_reg(&r->m, VTDPI_REG_IRTA, irta);
    return (unsigned)size;
}

/** Address of the entry that [name], "A:17", names; false if it names none. */
static bool setup_entry(const char *name, uint64_t *paddr)
{
    char *end = NULL;
    if (name[0] == '\0' || name[1] != ':') {
        return false;
    }
    unsigned long index = strtoul(name + 2, &end, 10);
    for (unsigned t = 0; t < TABLES; t++) {
        if (table_names[t][0] == name[0]) {
            *paddr = table_bases[t] + (index * VTDPI_IRTE_BYTES);
            return *end == '\0' && end != name + 2 && index <= INDEX_MAX;
        }
    }
    return false;
}

static void setup_entries(remap_t *r, const json_t *vector)
{
    (void)conform_object(r->out, vector, "irtes");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(vector, "irtes"), name, value)
    {
        uint64_t paddr = 0;
        if (!setup_entry(name, &paddr) || json_array_size(value) != VTDPI_IRTE_WORDS) {
            conform_refuse(r->out, "irtes", "\"TABLE:index\": [low, high]");
            return;
        }
        for (unsigned w = 0; w < VTDPI_IRTE_WORDS; w++) {
            uint64_t word = conform_hex_in(r->out, json_array_get(value, w), "irtes", 64);
            remap_memory_write(&r->m, paddr + (w * sizeof word), word);
        }
    }
}

/** A bit of GCMD. */
static uint64_t command_bit(unsigned low)
{
    return UINT64_C(1) << low;
}

static void remap_setup(remap_t *r, const json_t *vector)
{
    const json_t *setup = conform_object(r->out, vector, "setup");
    bool cfi = conform_flag(r->out, setup, "cfi");
    bool ire = conform_flag(r->out, setup, "ire");
    uint64_t entries = conform_number(r->out, setup, "table_entries", ENTRIES_MAX);
    setup_entries(r, vector);
    remap_write_reg(&r->m, VTDPI_REG_IQA, REMAP_QUEUE);
    remap_command(&r->m, 0, command_bit(VTDPI_GCMD_QIE_LOW));
    unsigned size = setup_table(r, setup);
    if (entries != UINT64_C(2) << size) {
        conform_refuse(r->out, "table_entries", "2 to the power of table_size_field + 1");
    }
    remap_command(&r->m, 0, command_bit(VTDPI_GCMD_SIRTP_LOW));
    (void)remap_queue_submit(&r->m, IEC_GLOBAL);
    if (cfi) {
        remap_command(&r->m, 0, command_bit(VTDPI_GCMD_CFI_LOW));
    }
    if (ire) {
        remap_command(&r->m, 0, command_bit(VTDPI_GCMD_IRE_LOW));
    }
}

/* --- comparisons --- */

/** [messages] as the vector writes them. */
static json_t *messages_json(const remap_messages_t *messages)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < messages->count; i++) {
        const vtdpi_intr_msg_t *msg = &messages->msg[i];
        char dest[DEST_BYTES];
        (void)snprintf(dest, sizeof dest, "0x%08" PRIx32, msg->dest);
        (void)json_array_append_new(
            list, json_pack("{s:i, s:s, s:i, s:i, s:i, s:i}", "vector", msg->vector, "dest", dest,
                            "dest_mode", msg->dest_mode, "delivery_mode", msg->delivery_mode,
                            "trigger_mode", msg->trigger_mode, "rh", msg->rh));
    }
    return list;
}

/** Whether the interrupt register of a local APIC shows [msg]: physical, fixed or lowest priority,
 * of a legal vector, to one of the machine's CPUs. */
static bool message_seen(const vtdpi_intr_msg_t *msg)
{
    return msg->dest_mode == 0 && msg->delivery_mode <= VTDPI_DLM_LOWEST &&
           msg->vector >= FIRST_LEGAL && msg->dest < CPUS;
}

static void compare_messages(remap_t *r, const json_t *expect, const char *key,
                             const remap_messages_t *actual)
{
    const json_t *list = conform_list(r->out, expect, key);
    if (json_array_size(list) != actual->count) {
        (void)conform_same_json(r->out, r->step, key, list, messages_json(actual));
        return;
    }
    for (unsigned i = 0; i < actual->count; i++) {
        const json_t *want = conform_object_in(r->out, json_array_get(list, i), key);
        const vtdpi_intr_msg_t *msg = &actual->msg[i];
        conform_same(r->out, r->step, "vector", conform_number(r->out, want, "vector", UINT8_MAX),
                     msg->vector);
        conform_same_hex(r->out, r->step, "dest", conform_hex(r->out, want, "dest", 32), msg->dest,
                         8);
        conform_same(r->out, r->step, "dest_mode", conform_number(r->out, want, "dest_mode", 1),
                     msg->dest_mode);
        conform_same(r->out, r->step, "delivery_mode",
                     conform_number(r->out, want, "delivery_mode", 7), msg->delivery_mode);
        conform_same(r->out, r->step, "trigger_mode",
                     conform_number(r->out, want, "trigger_mode", 1), msg->trigger_mode);
        conform_same(r->out, r->step, "rh", conform_number(r->out, want, "rh", 1), msg->rh);
        if (conform_has(want, "lapic_irr_confirmed")) {
            conform_same(r->out, r->step, "lapic_irr_confirmed",
                         conform_flag(r->out, want, "lapic_irr_confirmed"), message_seen(msg));
        }
    }
}

/** The fault record [frcd] as the vector writes it. */
static json_t *fault_json(const uint64_t frcd[2])
{
    char reason[DEST_BYTES], sid[DEST_BYTES], words[2][WORD_BYTES];
    if (VTDPI_GET(FRCD, F, frcd) == 0) {
        return json_null();
    }
    (void)snprintf(reason, sizeof reason, "0x%02x", (unsigned)VTDPI_GET(FRCD, FR, frcd));
    (void)snprintf(sid, sizeof sid, "0x%04x", (unsigned)VTDPI_GET(FRCD, SID, frcd));
    for (unsigned w = 0; w < 2; w++) {
        (void)snprintf(words[w], sizeof words[w], "0x%016" PRIx64, frcd[w]);
    }
    return json_pack("{s:s, s:s, s:i, s:[s, s]}", "reason", reason, "sid", sid, "index",
                     (int)VTDPI_GET(FRCD, INDEX, frcd), "frcd", words[0], words[1]);
}

/** The pending fault record, or that there is none. */
static void compare_fault(remap_t *r, const json_t *expect)
{
    const uint64_t *frcd = r->m.unit.arch.frcd[0];
    bool pending = VTDPI_GET(FRCD, F, frcd) != 0;
    bool want = conform_has(expect, "fault");
    if (json_object_get(expect, "fault") == NULL) {
        conform_refuse(r->out, "fault", "a record or null");
    } else if (want != pending) {
        (void)conform_same_json(r->out, r->step, "fault", json_object_get(expect, "fault"),
                                fault_json(frcd));
    }
    if (!want || !pending) {
        return;
    }
    const json_t *fault = conform_object(r->out, expect, "fault");
    const json_t *words = conform_list_of(r->out, fault, "frcd", 2);
    conform_same_hex(r->out, r->step, "fault.reason", conform_hex(r->out, fault, "reason", 8),
                     VTDPI_GET(FRCD, FR, frcd), 2);
    conform_same_hex(r->out, r->step, "fault.sid", conform_hex(r->out, fault, "sid", 16),
                     VTDPI_GET(FRCD, SID, frcd), 4);
    conform_same(r->out, r->step, "fault.index", conform_number(r->out, fault, "index", UINT16_MAX),
                 VTDPI_GET(FRCD, INDEX, frcd));
    for (unsigned w = 0; w < 2; w++) {
        conform_same_hex(r->out, r->step, "fault.frcd",
                         conform_hex_in(r->out, json_array_get(words, w), "frcd", 64), frcd[w], 16);
    }
}

/** A register that the step recorded under [key]. */
static void compare_register(remap_t *r, const json_t *expect, const char *key, vtdpi_reg_t reg)
{
    unsigned digits = 2 * remap_registers[reg].bytes;
    conform_same_hex(r->out, r->step, key, conform_hex(r->out, expect, key, 64),
                     vtdpi_iommu_peek(&r->m.unit, &r->m.cfg, reg), digits);
}

/** Whether "mem" of [expect] has each address that [step] watches, and no other. */
static bool memory_watched(const json_t *step, const json_t *expect)
{
    const json_t *watch = json_object_get(step, "watch");
    const json_t *mem = json_object_get(expect, "mem");
    size_t i = 0;
    json_t *paddr = NULL;
    json_array_foreach(watch, i, paddr)
    {
        const char *name = json_string_value(paddr);
        if (name == NULL || json_object_get(mem, name) == NULL) {
            return false;
        }
    }
    return json_array_size(watch) == json_object_size(mem);
}

/** The memory words that [step] watches. */
static void compare_memory(remap_t *r, const json_t *step, const json_t *expect)
{
    const char *name = NULL;
    if (!memory_watched(step, expect)) {
        conform_refuse(r->out, "mem", "the addresses that the step watches");
        return;
    }
    json_t *value = NULL;
    json_object_foreach(json_object_get(expect, "mem"), name, value)
    {
        char *end = NULL;
        unsigned long long paddr = strtoull(name, &end, 16);
        if (*end != '\0' || paddr % sizeof(uint32_t) != 0) {
            conform_refuse(r->out, "mem", "an object of dword addresses");
            return;
        }
        conform_same_hex(r->out, r->step, "mem", conform_hex_in(r->out, value, "mem", 32),
                         remap_memory_dword(&r->m, paddr), 8);
    }
}

static void compare_step(remap_t *r, const json_t *step, const json_t *expect)
{
    compare_messages(r, expect, "delivered", &r->m.delivered);
    compare_messages(r, expect, "events", &r->m.events);
    compare_register(r, expect, "fsts", VTDPI_REG_FSTS);
    compare_fault(r, expect);
    if (r->events) {
        compare_register(r, expect, "fectl", VTDPI_REG_FECTL);
        compare_register(r, expect, "ics", VTDPI_REG_ICS);
        compare_register(r, expect, "iectl", VTDPI_REG_IECTL);
    }
    compare_memory(r, step, expect);
}

/* --- steps --- */

/** What is recorded of the step is read from here on. */
static const json_t *recorded(remap_t *r, const json_t *expect)
{
    conform_at(r->out, "expect", (size_t)r->step);
    return expect;
}

static void step_msi(remap_t *r, const json_t *step, const json_t *expect)
{
    vtdpi_msi_t msi = {.addr = conform_hex(r->out, step, "addr", 32),
                       .data = (uint32_t)conform_hex(r->out, step, "data", 32)};
    if (msi.addr >> MSI_RANGE_LOW != MSI_RANGE) {
        conform_refuse(r->out, "addr", "an address of 0xfee00000 to 0xfeefffff");
        return;
    }
    remap_request(&r->m, msi, (uint16_t)conform_hex(r->out, step, "sid", 16));
    conform_same(r->out, r->step, "blocked", conform_flag(r->out, recorded(r, expect), "blocked"),
                 r->m.delivered.count == 0);
}

static void step_irte(remap_t *r, const json_t *step, const json_t *expect)
{
    (void)expect;
    uint64_t base = table_bases[conform_choice(r->out, step, "table", table_names, TABLES)];
    uint64_t paddr = base + (conform_number(r->out, step, "index", INDEX_MAX) * VTDPI_IRTE_BYTES);
    remap_memory_write(&r->m, paddr, conform_hex(r->out, step, "lo", 64));
    remap_memory_write(&r->m, paddr + 8, conform_hex(r->out, step, "hi", 64));
}

static void step_iec(remap_t *r, const json_t *step, const json_t *expect)
{
    static const char *const granularity[] = {"global", "index"};
    uint64_t low = IEC_GLOBAL;
    if (conform_choice(r->out, step, "granularity", granularity, 2) != 0) {
        low = IEC_SELECTIVE | conform_number(r->out, step, "index", UINT16_MAX) << IEC_INDEX_LOW |
              conform_number(r->out, step, "im", 31) << IEC_IM_LOW;
    }
    bool completed = remap_queue_submit(&r->m, low);
    conform_same(r->out, r->step, "completed",
                 conform_flag(r->out, recorded(r, expect), "completed"), completed);
}

static void step_gcmd(remap_t *r, const json_t *step, const json_t *expect)
{
    static const struct {
        const char *key;
        unsigned low;
        bool stays;
    } bits[] = {{"ire", VTDPI_GCMD_IRE_LOW, true},
                {"cfi", VTDPI_GCMD_CFI_LOW, true},
                {"qie", VTDPI_GCMD_QIE_LOW, true},
                {"sirtp", VTDPI_GCMD_SIRTP_LOW, false}};

    uint64_t mask = 0;
    uint64_t value = 0;
    for (unsigned b = 0; b < sizeof bits / sizeof bits[0]; b++) {
        if (conform_has(step, bits[b].key)) {
            mask |= bits[b].stays ? command_bit(bits[b].low) : 0;
            value |= (uint64_t)conform_flag(r->out, step, bits[b].key) << bits[b].low;
        }
    }
    remap_command(&r->m, mask, value);
    uint64_t gsts = vtdpi_iommu_peek(&r->m.unit, &r->m.cfg, VTDPI_REG_GSTS);
    conform_same_hex(r->out, r->step, "gsts_without_cfis",
                     conform_hex(r->out, recorded(r, expect), "gsts_without_cfis", 32),
                     gsts & ~command_bit(VTDPI_GSTS_CFIS_LOW), 8);
}

static void step_irta(remap_t *r, const json_t *step, const json_t *expect)
{
    (void)expect;
    (void)setup_table(r, step);
}

static void step_qi(remap_t *r, const json_t *step, const json_t *expect)
{
    const json_t *descriptors = conform_list(r->out, step, "descs");
    uint64_t tail = vtdpi_iommu_peek(&r->m.unit, &r->m.cfg, VTDPI_REG_IQT) % REMAP_QUEUE_BYTES;
    if (json_array_size(descriptors) > BATCH_MAX) {
        conform_refuse(r->out, "descs", "at most 255 descriptors");
        return;
    }
    for (size_t i = 0; i < json_array_size(descriptors); i++) {
        const json_t *d = json_array_get(descriptors, i);
        uint64_t low = conform_hex_in(r->out, json_array_get(d, 0), "descs", 64);
        remap_queue_append(&r->m, &tail, low,
                           conform_hex_in(r->out, json_array_get(d, 1), "descs", 64));
    }
    remap_write_reg(&r->m, VTDPI_REG_IQT, tail);
    compare_register(r, recorded(r, expect), "iqh", VTDPI_REG_IQH);
    compare_register(r, expect, "iqt", VTDPI_REG_IQT);
}

static void step_fixdesc(remap_t *r, const json_t *step, const json_t *expect)
{
    (void)expect;
    uint64_t offset = conform_hex(r->out, step, "offset", 12);
    uint64_t at = REMAP_QUEUE + offset;
    if (offset % DESCRIPTOR_BYTES != 0) {
        conform_refuse(r->out, "offset", "a multiple of 16");
        return;
    }
    remap_memory_write(&r->m, at, conform_hex(r->out, step, "lo", 64));
    remap_memory_write(&r->m, at + 8, conform_hex(r->out, step, "hi", 64));
}

/** Number of the register that [step] names, in remap_registers. */
static unsigned step_register(remap_t *r, const json_t *step)
{
    const char *names[REGISTERS];
    for (unsigned i = 0; i < REGISTERS; i++) {
        names[i] = remap_registers[i].name;
    }
    return conform_choice(r->out, step, "reg", names, REGISTERS);
}

static void step_write(remap_t *r, const json_t *step, const json_t *expect)
{
    (void)expect;
    unsigned reg = step_register(r, step);
    remap_write(&r->m, remap_registers[reg].offset, remap_registers[reg].bytes,
                conform_hex(r->out, step, "value", 8 * remap_registers[reg].bytes));
}

static void step_read(remap_t *r, const json_t *step, const json_t *expect)
{
    unsigned reg = step_register(r, step);
    uint32_t bytes = remap_registers[reg].bytes;
    uint64_t value = vtdpi_iommu_read(&r->m.unit, &r->m.cfg, remap_registers[reg].offset, bytes);
    conform_same_hex(r->out, r->step, "value",
                     conform_hex(r->out, recorded(r, expect), "value", 64), value, 2 * bytes);
}

/** Steps by name. */
static const char *const step_names[] = {"msi", "irte",    "iec",   "gcmd", "irta",
                                         "qi",  "fixdesc", "write", "read"};
static void (*const step_do[])(remap_t *, const json_t *, const json_t *) = {
    step_msi, step_irte,    step_iec,   step_gcmd, step_irta,
    step_qi,  step_fixdesc, step_write, step_read};

static void remap_steps(remap_t *r, const json_t *vector)
{
    const json_t *steps = conform_list(r->out, vector, "steps");
    size_t count = json_array_size(steps);
    const json_t *expect = conform_list_of(r->out, vector, "expect", count);
    if (count > STEPS_MAX) {
        conform_refuse(r->out, "steps", "at most 1000 steps");
    }
    for (size_t i = 0; i < count && !conform_malformed(r->out); i++) {
        const json_t *step = json_array_get(steps, i);
        const json_t *want = json_array_get(expect, i);
        unsigned kinds = sizeof step_do / sizeof step_do[0];
        r->step = (int)i;
        r->m.delivered.count = 0;
        r->m.events.count = 0;
        conform_at(r->out, "steps", i);
        unsigned kind = conform_choice(r->out, step, "op", step_names, kinds);
        if (!conform_malformed(r->out)) {
            step_do[kind](r, step, want);
            compare_step(r, step, recorded(r, want));
        }
    }
}

/** Whether the vector's group records FECTL, ICS and IECTL. */
static bool records_events(const json_t *vector)
{
    const char *group = json_string_value(json_object_get(vector, "category"));
    return group != NULL && strcmp(group, "seq_event") == 0;
}

/** CAP and ECAP of the recorded machine, as far as the unit has them. */
static vtdpi_iommu_cfg_t remap_cfg(const conform_out_t *out)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.haw = ADDRESS_BITS;
    cfg.pi = false;
    cfg.fault_collapse = conform_setting(out, CONFORM_FAULT_COLLAPSE);
    if (conform_setting(out, CONFORM_RESERVED_FIRST)) {
        cfg.irte_check_order = VTDPI_CHECK_RESERVED_FIRST;
    }
    return cfg;
}

/*
 * @shows vtd.request.handle, vtd.request.index, vtd.request.data, vtd.remap.off,
 * vtd.remap.index-bound, vtd.remap.entry-read, vtd.remap.entry-error, vtd.remap.not-present,
 * vtd.remap.source, vtd.remap.entry-reserved, vtd.irte.remapped-layout,
 * vtd.irte.xapic-destination, vtd.irte.message, vtd.irte.remapped-reserved, vtd.irte.sq,
 * vtd.irte.svt, vtd.irte.svt-bus, vtd.fault.reasons, vtd.fault.fpd, vtd.fault.unqualified,
 * vtd.fault.index, vtd.fault.record, vtd.fault.overflow, vtd.fault.overflow-stops, vtd.fault.ppf,
 * vtd.regs.frcd, vtd.regs.sirtp, vtd.regs.levels, vtd.iec.global, vtd.iec.selective,
 * vtd.iec.not-present, vtd.queue.runs, vtd.queue.head, vtd.queue.error, vtd.queue.types,
 * vtd.queue.iec-layout, vtd.queue.wait-layout, vtd.queue.wait-event, vtd.queue.wait-event-once,
 * vtd.queue.tail, vtd.queue.tail-error, vtd.event.mask, vtd.event.unmask, vtd.event.serviced,
 * vtd.event.message, vtd.event.invalidation-serviced
 */
void conform_replay_remap(const json_t *vector, conform_out_t *out)
{
    remap_t *r = calloc(1, sizeof *r);
    if (r == NULL) {
        conform_skip(out, "out of memory");
        return;
    }
    r->out = out;
    r->m.cfg = remap_cfg(out);
    r->events = records_events(vector);
    r->m.queue_waits = conform_setting(out, CONFORM_QUEUE_WAITS);
    vtdpi_iommu_init(&r->m.unit, &r->m.cfg);
    remap_setup(r, vector);
    remap_steps(r, vector);
    if (r->m.full) {
        conform_refuse(out, "steps", "at most 4096 words of memory");
    }
    free(r);
}

/* --- conditions of exceptions.def --- */

/** Value of the hexadecimal text [object].[key] of a well-formed vector. */
static uint64_t hex_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? strtoull(text, NULL, 16) : 0;
}

/** Whether step [i] clears IQE, which the step before has left set. */
static bool clears_iqe(const json_t *vector, size_t i)
{
    const uint64_t iqe = UINT64_C(1) << VTDPI_FSTS_IQE_LOW;
    const json_t *step = json_array_get(json_object_get(vector, "steps"), i);
    const char *reg = json_string_value(json_object_get(step, "reg"));
    const char *op = json_string_value(json_object_get(step, "op"));
    const json_t *before = json_array_get(json_object_get(vector, "expect"), i - 1);
    return i > 0 && op != NULL && strcmp(op, "write") == 0 && reg != NULL &&
           strcmp(reg, "FSTS") == 0 && (hex_of(step, "value") & iqe) != 0 &&
           (hex_of(before, "fsts") & iqe) != 0;
}

bool conform_remap_iqe_cleared(const json_t *vector, int step)
{
    for (int i = 0; i <= step; i++) {
        if (clears_iqe(vector, (size_t)i)) {
            return true;
        }
    }
    return false;
}

bool conform_remap_reserved_recorded(const json_t *vector, int step)
{
    const json_t *expect = json_array_get(json_object_get(vector, "expect"), (size_t)step);
    return hex_of(json_object_get(expect, "fault"), "reason") == VTDPI_FAULT_IRTE_RESERVED;
}
