/* Registers, fault records and queue descriptors of the remapping unit. */
#include "vtdpi/iommu_unit.h"

#include "decode/internal.h"

#include <stdio.h>

enum { BUS_LOW = 8, DEVICE_LOW = 3, DEVICE_MASK = 31, FUNCTION_MASK = 7, PAGE_BYTES = 4096 };

/* Descriptor types that concern interrupts. */
enum { TYPE_IEC = 4, TYPE_WAIT = 5 };

/** Whether FRCD.FI of fault [code] holds an index; *known: whether fault.def has [code]. */
static bool index_logged(uint8_t code, bool *known)
{
    *known = true;
    switch (code) {
#define VTDPI_FAULT_ROW(number, NAME, name, qualified, logged, doc)                                \
    case (number):                                                                                 \
        return (logged) != 0;
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
    default:
        *known = false;
        return false;
    }
}

/* Bits of an index, in FI; the rest of FI is 0 for interrupts. */
enum { INDEX_LOW = VTDPI_FRCD_INDEX_LOW - VTDPI_FRCD_FI_LOW };

/** Says which fields of an interrupt fault's record are not 0 though they are of DMA. */
static void frcd_dma_check(decode_t *d)
{
    const uint64_t *w = d->words;

    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"FI[47:12]", VTDPI_GET(FRCD, FI, w) & vtdpi_mask(INDEX_LOW)},
        {"T2", VTDPI_GET(FRCD, T2, w)},
        {"PRIV", VTDPI_GET(FRCD, PRIV, w)},
        {"EXE", VTDPI_GET(FRCD, EXE, w)},
        {"PP", VTDPI_GET(FRCD, PP, w)},
        {"PV", VTDPI_GET(FRCD, PV, w)},
        {"AT", VTDPI_GET(FRCD, AT, w)},
        {"T1", VTDPI_GET(FRCD, T1, w)},
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value != 0) {
            vtdpi_decode_remark(d->out, "%s is %llXh: it is of DMA, 0 in an interrupt fault",
                                fields[i].name, (unsigned long long)fields[i].value);
        }
    }
}

/* The record of fault [code], one of interrupts. */
static void frcd_interrupt(decode_t *d, uint8_t code)
{
    bool known;
    bool logged = index_logged(code, &known);
    unsigned index = (unsigned)VTDPI_GET(FRCD, INDEX, d->words);
    frcd_dma_check(d);
    if (logged) {
        decode_hardware(d, "interrupt index %Xh (%u)", index, index);
    } else if (known && index != 0) {
        vtdpi_decode_remark(d->out, "the index is %Xh: reason %02Xh has none and records 0", index,
                            (unsigned)code);
    }
    if (known) {
        decode_hardware(d, vtdpi_fault_qualified(code) ? "qualified: the entry's FPD is 0"
                                                       : "not qualified: FPD does not matter");
    }
}

void decode_frcd(decode_t *d)
{
    char text[VTDPI_DECODE_TEXT];
    decode_fields(d, "FRCD");
    decode_rest(d);
    unsigned sid = (unsigned)VTDPI_GET(FRCD, SID, d->words);
    uint8_t code = (uint8_t)VTDPI_GET(FRCD, FR, d->words);
    if (VTDPI_GET(FRCD, F, d->words) == 0) {
        decode_hardware(d, "F = 0: the register holds no record");
        return;
    }
    decode_hardware(d, "fault %s", decode_fault(code, text));
    decode_hardware(d, "requester %02x:%02x.%x", sid >> BUS_LOW, (sid >> DEVICE_LOW) & DEVICE_MASK,
                    sid & FUNCTION_MASK);
    if (decode_fault_of_interrupt(code)) {
        frcd_interrupt(d, code);
    } else {
        decode_hardware(d, "reasons other than 20h to 29h are of DMA remapping");
    }
}

void decode_irta(decode_t *d)
{
    decode_fields(d, "IRTA");
    decode_rest(d);
    uint64_t base = d->words[0] & ~vtdpi_mask(VTDPI_IRTA_IRTA_LOW);
    uint64_t entries = UINT64_C(2) << VTDPI_GET(IRTA, S, d->words);
    uint64_t bytes = entries * VTDPI_IRTE_BYTES;
    bool eime = VTDPI_GET(IRTA, EIME, d->words) != 0;
    unsigned haw = d->options->unit.haw;
    decode_hardware(d, "table of %llu entries (%llu bytes) at %llXh", (unsigned long long)entries,
                    (unsigned long long)bytes, (unsigned long long)(base & vtdpi_mask(haw)));
    bool wide = eime && d->options->unit.eim;
    decode_hardware(d, "destinations are %s APIC IDs", wide ? "32-bit (x2APIC)" : "8-bit (xAPIC)");
    decode_hardware(d, "takes effect with GCMD.SIRTP, not with the write");
    if ((base & ~vtdpi_mask(haw)) != 0) {
        vtdpi_decode_remark(d->out, "the base has bits at or above the host address width %u", haw);
    }
    if (bytes > PAGE_BYTES && (base & (bytes - 1)) != 0) {
        vtdpi_decode_remark(d->out, "the base is not aligned to the table's size, %llXh bytes",
                            (unsigned long long)bytes);
    }
    if (eime && !d->options->unit.eim) {
        vtdpi_decode_remark(d->out,
                            "EIME is reserved: the unit has no ECAP.EIM and stays in xAPIC mode");
    }
}

static void iqd_iec(decode_t *d, const vtdpi_iqd_t *q)
{
    if (!q->g) {
        decode_hardware(d, "interrupt entry cache: drops every entry");
        return;
    }
    uint64_t first = q->iidx & ~vtdpi_mask(q->im);
    uint64_t last = (first | vtdpi_mask(q->im)) & UINT16_MAX;
    decode_hardware(d, "interrupt entry cache: drops entries %llXh to %llXh (%llu)",
                    (unsigned long long)first, (unsigned long long)last,
                    (unsigned long long)last - first + 1);
    if (first != q->iidx) {
        vtdpi_decode_remark(d->out, "IIDX has bits below the index mask: they are ignored");
    }
}

static void iqd_wait(decode_t *d, const vtdpi_iqd_t *q)
{
    decode_hardware(d, "waits until all earlier descriptors are complete");
    if (q->sw) {
        decode_hardware(d, "then writes %Xh (32 bits) to %llXh", (unsigned)q->status_data,
                        (unsigned long long)q->status_paddr);
    }
    if (q->intr) {
        decode_hardware(d, "then sets ICS.IWC and raises the invalidation event");
    }
    if (!q->sw && !q->intr) {
        decode_hardware(d, "a fence only: neither SW nor IF");
    }
}

/** Says so if it is the index mask that is too great. */
static void iqd_mask_check(decode_t *d, const vtdpi_iqd_t *q)
{
    unsigned im = (unsigned)VTDPI_GET(IQD_IEC, IM, d->words);
    bool entry_cache =
        q->error == VTDPI_IQEI_RESERVED && VTDPI_GET(IQD, TYPE, d->words) == TYPE_IEC;
    if (entry_cache && im > d->options->unit.mhmv) {
        vtdpi_decode_remark(d->out, "index mask %u is above ECAP.MHMV, %u", im,
                            (unsigned)d->options->unit.mhmv);
    }
}

void decode_iqd(decode_t *d)
{
    bool wide = d->count > 2;
    vtdpi_iqd_t q = vtdpi_iqd_decode(d->words, wide, d->options->unit.mhmv);
    bool invalid = q.kind == VTDPI_IQD_INVALID;
    bool wait = VTDPI_GET(IQD, TYPE, d->words) == TYPE_WAIT;
    decode_fields(d, "IQD");
    if (q.kind == VTDPI_IQD_DMA) {
        decode_hardware(d, "concerns DMA remapping only");
        return;
    }
    if (!invalid || q.error == VTDPI_IQEI_RESERVED) {
        decode_fields(d, wait ? "IQD_WAIT" : "IQD_IEC");
        decode_rest(d);
    }
    if (q.kind == VTDPI_IQD_IEC) {
        iqd_iec(d, &q);
    } else if (q.kind == VTDPI_IQD_WAIT) {
        iqd_wait(d, &q);
    } else {
        const char *why = q.error == VTDPI_IQEI_TYPE ? "invalid descriptor type" : "reserved field";
        decode_hardware(d, "the queue stops: FSTS.IQE = 1, IQERCD.IQEI = %u (%s), the head stays",
                        (unsigned)q.error, why);
        vtdpi_decode_remark(d->out, "%s, descriptor type %u", why, (unsigned)q.type);
        iqd_mask_check(d, &q);
    }
}
