/* Memory lines: one array in order of address, so that a line is found by bisection. */
#include "platform/build.h"

/** Offset in the virtual-APIC page of each line that is kept. */
static const uint16_t vapic_offset[VTDPI_VL_COUNT] = {0x080, 0x100, 0x140, 0x200, 0x240, 0x300};

enum { PAGE_BYTES = 4096, IRTES_PER_LINE = 4, DESCRIPTORS_PER_LINE = 4, POINTERS_PER_LINE = 8 };

static uint32_t vm_lines(uint32_t vcpus)
{
    return (vcpus + POINTERS_PER_LINE - 1) / POINTERS_PER_LINE;
}

static uint32_t pids_lines(const vtdpi_build_t *b)
{
    uint32_t lines = 0;
    for (uint32_t i = 0; b->platform.ipiv && i < b->scenario->vm_count; i++) {
        lines += vm_lines(b->scenario->vms[i].vcpu_count);
    }
    return lines;
}

uint32_t build_line_count(const vtdpi_build_t *b)
{
    const vtdpi_platform_t *p = &b->platform;
    uint32_t per_vcpu = (uint32_t)VTDPI_VL_COUNT + 3;
    return (p->vcpu_count * per_vcpu) + p->cpu_count +
           (p->unit_count * (1 + vtdpi_irte_lines(p) + vtdpi_queue_lines(p))) + pids_lines(b);
}

static uint16_t line_add(vtdpi_build_t *b, uint64_t paddr, uint32_t owner, vtdpi_line_kind_t kind,
                         unsigned part)
{
    vtdpi_platform_t *p = &b->platform;
    uint32_t n = p->line_count++;
    VTDPI_ASSERT(n == 0 || b->lines[n - 1].paddr < paddr);
    b->lines[n].paddr = paddr;
    b->lines[n].owner = owner;
    b->lines[n].kind = (uint8_t)kind;
    b->lines[n].part = (uint8_t)part;
    return (uint16_t)n;
}

static void lines_vapic(vtdpi_build_t *b)
{
    for (uint32_t v = 0; v < b->platform.vcpu_count; v++) {
        for (unsigned part = 0; part < VTDPI_VL_COUNT; part++) {
            uint64_t paddr = VTDPI_ADDR_VAPIC + ((uint64_t)v * PAGE_BYTES) + vapic_offset[part];
            b->vcpus[v].vapic[part] = line_add(b, paddr, v, VTDPI_LINE_VAPIC, part);
        }
    }
}

static void lines_software(vtdpi_build_t *b)
{
    vtdpi_platform_t *p = &b->platform;
    for (uint32_t v = 0; v < p->vcpu_count; v++) {
        uint64_t paddr = VTDPI_ADDR_VCPU + ((uint64_t)v * VTDPI_LINE_BYTES);
        b->vcpus[v].state = line_add(b, paddr, v, VTDPI_LINE_VCPU, 0);
    }
    for (uint32_t v = 0; v < p->vcpu_count; v++) {
        uint64_t paddr = VTDPI_ADDR_SOFT + ((uint64_t)v * VTDPI_LINE_BYTES);
        b->vcpus[v].soft = line_add(b, paddr, v, VTDPI_LINE_SOFT, 0);
    }
    for (uint32_t c = 0; c < p->cpu_count; c++) {
        uint64_t paddr = VTDPI_ADDR_CPU + ((uint64_t)c * VTDPI_LINE_BYTES);
        b->cpu_lines[c] = line_add(b, paddr, c, VTDPI_LINE_CPU, 0);
    }
    p->driver_line = (uint16_t)p->line_count;
    for (uint32_t u = 0; u < p->unit_count; u++) {
        uint64_t paddr = VTDPI_ADDR_DRIVER + ((uint64_t)u * VTDPI_LINE_BYTES);
        (void)line_add(b, paddr, u, VTDPI_LINE_DRIVER, u);
    }
}

/** Tables and queues begin on pages of their own. */
static uint64_t paged(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static void lines_units(vtdpi_build_t *b)
{
    vtdpi_platform_t *p = &b->platform;
    uint64_t table = paged((uint64_t)p->irte_count * VTDPI_IRTE_BYTES);
    uint64_t ring = paged((uint64_t)vtdpi_queue_lines(p) * VTDPI_LINE_BYTES);
    p->irte_line = (uint16_t)p->line_count;
    for (uint32_t u = 0; u < p->unit_count; u++) {
        for (uint32_t i = 0; i < p->irte_count; i += IRTES_PER_LINE) {
            uint64_t paddr = VTDPI_ADDR_IRTE + (u * table) + ((uint64_t)i * VTDPI_IRTE_BYTES);
            (void)line_add(b, paddr, i, VTDPI_LINE_IRTE, u);
        }
    }
    p->queue_line = p->queue_count != 0 ? (uint16_t)p->line_count : (uint16_t)VTDPI_NO_LINE;
    for (uint32_t u = 0; u < p->unit_count; u++) {
        for (uint32_t i = 0; i < vtdpi_queue_lines(p); i++) {
            uint64_t paddr = VTDPI_ADDR_QUEUE + (u * ring) + ((uint64_t)i * VTDPI_LINE_BYTES);
            (void)line_add(b, paddr, i * DESCRIPTORS_PER_LINE, VTDPI_LINE_QUEUE, u);
        }
    }
}

/** A page a VM. */
static void lines_pids(vtdpi_build_t *b)
{
    uint16_t first[VTDPI_VCPUS_MAX];
    for (uint32_t i = 0; b->platform.ipiv && i < b->scenario->vm_count; i++) {
        uint64_t page = VTDPI_ADDR_PIDS + ((uint64_t)i * PAGE_BYTES);
        first[i] = (uint16_t)b->platform.line_count;
        for (uint32_t k = 0; k < vm_lines(b->scenario->vms[i].vcpu_count); k++) {
            (void)line_add(b, page + ((uint64_t)k * VTDPI_LINE_BYTES), i, VTDPI_LINE_PIDS, k);
        }
    }
    for (uint32_t v = 0; v < b->platform.vcpu_count; v++) {
        b->vcpus[v].pids =
            b->platform.ipiv ? first[b->scenario->vcpus[v].vm] : (uint16_t)VTDPI_NO_LINE;
    }
}

/** Descriptors lie in different 4 GiB: PDAH and PDAL of an entry differ between any two, so that a
 * torn entry shows. */
static void lines_pid(vtdpi_build_t *b)
{
    for (uint32_t v = 0; v < b->platform.vcpu_count; v++) {
        uint64_t paddr = (((uint64_t)v + 1) << 32) | (0x1000U + ((uint64_t)v * VTDPI_LINE_BYTES));
        b->vcpus[v].pid = line_add(b, paddr, v, VTDPI_LINE_PID, 0);
    }
}

void build_lines(vtdpi_build_t *b)
{
    b->platform.line_count = 0;
    lines_vapic(b);
    lines_software(b);
    lines_units(b);
    lines_pids(b);
    lines_pid(b);
    VTDPI_ASSERT(b->platform.line_count == build_line_count(b));
}
