/*
 * Any entry, any descriptor, any request: the outcome is that of the manual's tables, typed in by
 * hand in iommu_want.h, and nothing else of memory changes.
 */
#include "property/iommu_want.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The input: switches, requester, entry, descriptor. */
typedef struct {
    uint8_t flags, flags2;
    uint16_t rid;
    uint32_t place; /**< bit 0: the entry names the descriptor, whatever its address bits say */
    uint64_t entry[2];
    uint64_t line[VTDPI_LINE_WORDS];
} input_t;

enum { INDEX = 3 };

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static vtdpi_iommu_cfg_t cfg_of(const input_t *in)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.pi = (in->flags & 1) != 0;
    cfg.dlm_check = (in->flags & 2) != 0;
    cfg.pid_ndst_check = (in->flags & 4) != 0;
    cfg.svt3_code = (in->flags & 8) != 0;
    cfg.irte_check_order = (in->flags & 16) != 0;
    cfg.iec_entries = (in->flags & 32) != 0 ? 4 : 0;
    cfg.cm = (in->flags & 64) != 0;
    return cfg;
}

static void check_outcome(bench_t *b, const input_t *in, bool eime, const bench_result_t *r)
{
    uint64_t line[VTDPI_LINE_WORDS];
    vtdpi_intr_msg_t msg = {0};
    want_t w = want_entry(&b->x.cfg, eime, in->entry, in->rid);
    memcpy(line, in->line, sizeof line);
    if (w.posts) {
        const uint64_t *at = w.pid == bench_at(BENCH_PIDS) ? line : bench_word(b, w.pid);
        w.code = want_descriptor(&b->x.cfg, eime, w.pid, at);
    }
    if (w.code != 0) {
        require(r->end == BENCH_BLOCKED && r->fault.code == w.code);
        require(r->record.recorded == w.record && r->fault.index == INDEX);
    } else if (!w.posts) {
        require(r->end == BENCH_SENT && memcmp(&r->msg, &w.msg, sizeof w.msg) == 0);
    } else if (w.pid == bench_at(BENCH_PIDS)) {
        require(r->end == BENCH_POSTED && r->notified == want_post(&w, eime, line, &msg));
        require(!r->notified || memcmp(&r->msg, &msg, sizeof msg) == 0);
    } else {
        require(r->end == BENCH_POSTED);
        return;
    }
    require(memcmp(bench_pid(b, 0), line, sizeof line) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bench_t b;
    input_t in;
    if (size < sizeof in) {
        return 0;
    }
    memcpy(&in, data, sizeof in);
    if ((in.place & 1) != 0) {
        in.entry[0] = (in.entry[0] & UINT32_MAX) | bench_at(BENCH_PIDS) << 32U;
        in.entry[1] &= UINT32_MAX;
    }
    bool eime = (in.flags2 & 1) != 0;
    bench_open(&b, cfg_of(&in), 3, eime);
    bench_entry(&b, INDEX, in.entry[0], in.entry[1]);
    memcpy(bench_pid(&b, 0), in.line, sizeof in.line);
    bench_result_t r = bench_request(&b, vtdpi_msi_address(INDEX, false), 0, in.rid);
    check_outcome(&b, &in, eime, &r);
    require(vtdpi_iommu_check(&b.x.unit, &b.x.cfg));
    return 0;
}
