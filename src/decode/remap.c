/* Table entries, descriptors and interrupt requests. */
#include "decode/internal.h"

#include <stdio.h>
#include <string.h>

enum { BUS_LOW = 8, DEVICE_LOW = 3, DEVICE_MASK = 31, FUNCTION_MASK = 7, VECTOR_LEAST = 16 };

/** [sid] as bus:device.function. Returns text. */
static char *requester_text(uint16_t sid, char *text)
{
    (void)snprintf(text, VTDPI_DECODE_TEXT, "%02x:%02x.%x", (unsigned)(sid >> BUS_LOW),
                   (unsigned)((sid >> DEVICE_LOW) & DEVICE_MASK), (unsigned)(sid & FUNCTION_MASK));
    return text;
}

/** The requester to check the entry with: the given one, else one that SID and SVT name. */
static uint16_t requester_pick(const decode_t *d)
{
    if (d->options->has_requester) {
        return d->options->requester;
    }
    uint16_t sid = (uint16_t)VTDPI_GET(IRTE, SID, d->words);
    return VTDPI_GET(IRTE, SVT, d->words) == VTDPI_SVT_BUS ? (uint16_t)(sid & ~UINT64_C(0xFF))
                                                           : sid;
}

static void irte_sources(decode_t *d, uint16_t rid)
{
    char text[VTDPI_DECODE_TEXT];
    uint64_t svt = VTDPI_GET(IRTE, SVT, d->words);
    uint64_t sid = VTDPI_GET(IRTE, SID, d->words);
    if (svt == VTDPI_SVT_NONE) {
        decode_hardware(d, "any requester may use the entry");
    } else if (svt == VTDPI_SVT_BUS) {
        decode_hardware(d, "requesters of buses %02llx to %02llx may use the entry",
                        (unsigned long long)(sid >> BUS_LOW), (unsigned long long)(sid & 0xFF));
        if (sid >> BUS_LOW > (sid & 0xFF)) {
            vtdpi_decode_remark(d->out, "the bus range is empty: SID[15:8] is above SID[7:0]");
        }
    }
    if (svt > VTDPI_SVT_BUS) {
        vtdpi_decode_remark(d->out, "SVT = %llu is a reserved encoding", (unsigned long long)svt);
    }
    if (svt != VTDPI_SVT_NONE || d->options->has_requester) {
        decode_hardware(d, "a request of %s:", requester_text(rid, text));
    }
}

static void irte_fault(decode_t *d, const vtdpi_fault_t *fault)
{
    char text[VTDPI_DECODE_TEXT];
    decode_hardware(d, "blocked, fault %s", decode_fault(fault->code, text));
    decode_hardware(d, fault->record ? "the fault is recorded"
                                     : "the fault is not recorded: FPD = 1 and it is qualified");
    vtdpi_decode_remark(d->out, "the entry raises fault %s", text);
}

/* The entry as a unit takes it whose table it is in. */
static void irte_hardware(decode_t *d, uint16_t rid)
{
    char text[VTDPI_DECODE_TEXT];
    vtdpi_iommu_t u = decode_unit(d);
    vtdpi_irte_outcome_t o = vtdpi_iommu_check_irte(&u, &d->options->unit, d->words, 0, rid);
    if (o.kind == VTDPI_IRTE_BLOCKED) {
        irte_fault(d, &o.fault);
    } else if (o.kind == VTDPI_IRTE_REMAPPED) {
        decode_hardware(d, "sends %s", decode_message(&o.msg, text));
        decode_message_check(d, &o.msg);
    } else {
        decode_hardware(d, "posts virtual vector %02Xh to the descriptor at %llXh", (unsigned)o.vv,
                        (unsigned long long)o.pid_paddr);
        decode_hardware(d, o.urg ? "urgent: notifies unless ON = 1, whatever SN is"
                                 : "not urgent: notifies only while ON = 0 and SN = 0");
        if (o.vv < VECTOR_LEAST) {
            vtdpi_decode_remark(d->out, "virtual vector %02Xh is below 10h", (unsigned)o.vv);
        }
        if (o.pid_paddr == 0) {
            vtdpi_decode_remark(d->out, "the descriptor's address is 0");
        }
    }
}

/* What makes the entry wrong beside its reserved bits. */
static void irte_encodings(decode_t *d, bool im)
{
    if (im && !d->posted) {
        vtdpi_decode_remark(d->out, "IM = 1 is reserved: the unit has no CAP.PI");
    }
    if (!d->posted && d->options->unit.dlm_check) {
        decode_mode_check(d, (uint8_t)VTDPI_GET(IRTE, DLM, d->words));
    }
}

/* A unit without CAP.PI knows the remapped format alone, of which IM is a reserved bit. */
void decode_irte(decode_t *d)
{
    bool im = VTDPI_GET(IRTE, IM, d->words) != 0;
    d->posted = im && d->options->unit.pi;
    decode_fields(d, "IRTE");
    decode_fields(d, d->posted ? "IRTE_RSVD_IM1" : "IRTE_RSVD_IM0");
    if (!d->posted && !d->options->eime) {
        decode_fields(d, "IRTE_RSVD_XAPIC");
    }
    decode_rest(d);
    irte_encodings(d, im);
    uint16_t rid = requester_pick(d);
    irte_sources(d, rid);
    irte_hardware(d, rid);
}

/** The pending vectors as ranges, as many as there is room for. Returns text. */
static char *pending_text(const uint64_t *line, char *text)
{
    size_t used = 0;
    unsigned v = 0;
    while (v < VTDPI_VECTORS) {
        unsigned end = v;
        while (end < VTDPI_VECTORS && (line[end / 64] >> (end % 64) & 1) != 0) {
            end++;
        }
        if (end > v && used + 40 > VTDPI_DECODE_TEXT) {
            (void)snprintf(text + used, VTDPI_DECODE_TEXT - used, " …");
            return text;
        }
        if (end > v) {
            int n = snprintf(text + used, VTDPI_DECODE_TEXT - used,
                             end > v + 1 ? " %02X-%02Xh" : " %02Xh", v, end - 1);
            used += (size_t)n;
        }
        v = end + 1;
    }
    return text;
}

/** What one post would do. */
static void pid_try(decode_t *d, const vtdpi_iommu_t *u, bool urg)
{
    char text[VTDPI_DECODE_TEXT];
    uint64_t line[VTDPI_LINE_WORDS];
    memcpy(line, d->words, sizeof line);
    vtdpi_pid_post_t post = vtdpi_pid_post(line, VTDPI_VECTORS - 1, urg);
    const char *what = urg ? "an urgent post" : "a post that is not urgent";
    if (post.notify) {
        vtdpi_intr_msg_t msg = vtdpi_iommu_notification(u, &post);
        decode_hardware(d, "%s notifies: ON becomes 1, %s", what, decode_message(&msg, text));
        if (urg) {
            decode_message_check(d, &msg);
        }
    } else {
        decode_hardware(d, "%s does not notify: %s", what, post.on_was ? "ON = 1" : "SN = 1");
    }
}

void decode_pid(decode_t *d)
{
    char text[VTDPI_DECODE_TEXT] = "";
    static const char *const fields[] = {"PIR0", "PIR1", "PIR2", "PIR3", "ON", "SN", "NV"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        decode_field(d, "PID", fields[i]);
    }
    decode_field(d, "PID", d->options->eime ? "NDST" : "NDST8");
    decode_fields(d, "PID_RSVD");
    if (!d->options->eime) {
        decode_fields(d, "PID_RSVD_XAPIC");
    }
    decode_rest(d);
    vtdpi_iommu_t u = decode_unit(d);
    bool pending = (d->words[0] | d->words[1] | d->words[2] | d->words[3]) != 0;
    decode_hardware(d, "pending:%s", pending ? pending_text(d->words, text) : " none");
    if (vtdpi_iommu_check_pid(&u, &d->options->unit, d->words)) {
        pid_try(d, &u, false);
        pid_try(d, &u, true);
    } else {
        (void)decode_fault(VTDPI_FAULT_PID_RESERVED, text);
        decode_hardware(d, "a post changes nothing: fault %s", text);
        vtdpi_decode_remark(d->out, "the descriptor raises fault %s", text);
    }
}

/** One setting of the unit. */
static void msi_admit(decode_t *d, const vtdpi_iommu_t *u, const char *when)
{
    char text[VTDPI_DECODE_TEXT];
    vtdpi_msi_t msi = {.addr = d->words[0], .data = (uint32_t)d->words[1]};
    vtdpi_admit_t a = vtdpi_iommu_admit(u, &d->options->unit, msi, d->options->requester);
    if (a.kind == VTDPI_ADMIT_FORWARD) {
        decode_hardware(d, "%s: sends %s", when, decode_message(&a.msg, text));
    } else if (a.kind == VTDPI_ADMIT_LOOKUP) {
        decode_hardware(d, "%s: reads entry %Xh (%u) of the table, at offset %Xh", when,
                        (unsigned)a.index, (unsigned)a.index,
                        (unsigned)(a.index * VTDPI_IRTE_BYTES));
    } else if (a.kind == VTDPI_ADMIT_BLOCKED) {
        decode_hardware(d, "%s: blocked, fault %s", when, decode_fault(a.fault.code, text));
    }
}

static void msi_hardware(decode_t *d, const vtdpi_msi_request_t *request)
{
    vtdpi_msi_t msi = {.addr = d->words[0], .data = (uint32_t)d->words[1]};
    vtdpi_iommu_t u = decode_unit(d);
    if (!request->remappable) {
        vtdpi_intr_msg_t msg = vtdpi_msi_compat_decode(msi);
        decode_message_check(d, &msg);
        msi_admit(d, &u, "remapping on (IRES = 1, CFIS = 0)");
        VTDPI_PUT(GSTS, CFIS, &u.arch.reg[VTDPI_REG_GSTS], 1);
        msi_admit(d, &u, d->options->eime ? "CFIS = 1 (EIME = 1)" : "CFIS = 1 (EIME = 0)");
    } else {
        msi_admit(d, &u, "remapping on (IRES = 1)");
        decode_hardware(d, "index %Xh = handle %Xh + subhandle %Xh", (unsigned)request->index,
                        (unsigned)request->handle, (unsigned)request->subhandle);
        if (request->index > UINT16_MAX) {
            vtdpi_decode_remark(d->out, "index %Xh is beyond the greatest table",
                                (unsigned)request->index);
        }
    }
    VTDPI_PUT(GSTS, IRES, &u.arch.reg[VTDPI_REG_GSTS], 0);
    msi_admit(d, &u, "remapping off (IRES = 0)");
}

void decode_msi(decode_t *d)
{
    vtdpi_msi_t msi = {.addr = d->words[0], .data = (uint32_t)d->words[1]};
    vtdpi_msi_request_t request = vtdpi_msi_decode(msi);
    d->part[0] = "address";
    d->part[1] = "data";
    decode_fields(d, "MSI");
    if (!request.is_interrupt) {
        decode_hardware(d, "an ordinary memory write, not an interrupt request");
        vtdpi_decode_remark(d->out, "the address is not FEEx_xxxxh");
        return;
    }
    if (!request.remappable) {
        decode_fields(d, "MSI_C");
    } else {
        decode_field(d, "MSI_R", "HANDLE14_0");
        decode_field(d, "MSI_R", "SHV");
        decode_field(d, "MSI_R", "HANDLE15");
        if (request.shv) {
            decode_field(d, "MSI_R", "SUBHANDLE");
            decode_field(d, "MSI_R", "RSVD");
        }
    }
    msi_hardware(d, &request);
}
