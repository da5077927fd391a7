#include "scenario/build.h"

#include "scenario/nearest.h"
#include "scenario/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void build_platform(const vtdpi_build_t *build)
{
    const raw_platform_t *raw = &build->raw->platform;
    vtdpi_platform_cfg_t *platform = &build->out->platform;
    *platform = raw->cfg;
    platform->iommu_posting = raw->iommu.posting;
    platform->iommu_cache = raw->iommu.cache;
    platform->iommu_requests = raw->iommu.requests;
    platform->coherent = raw->iommu.coherent;
}

static void unknown_variant(const vtdpi_build_t *build, uint32_t protocol, const raw_word_t *word)
{
    vtdpi_nearest_t search = vtdpi_nearest_start(word->text);
    char expected[VTDPI_KEY_TEXT] = "none";
    size_t used = 0;
    for (uint32_t i = 0; vtdpi_variant_name(protocol, i) != NULL; i++) {
        vtdpi_nearest_offer(&search, vtdpi_variant_name(protocol, i));
        (void)snprintf(expected + used, sizeof expected - used, "%s%s", i == 0 ? "" : ", ",
                       vtdpi_variant_name(protocol, i));
        used = strlen(expected);
    }
    vtdpi_diags_add(build->reading->diags, word->node->place, search.best,
                    "hypervisor.variant: protocol %s has no variant \"%.63s\" (expected %s)",
                    vtdpi_name(NAMES_PROTOCOL, protocol), word->text, expected);
}

static uint32_t build_variant(const vtdpi_build_t *build, const raw_hypervisor_t *raw)
{
    const raw_word_t *words = raw->variant.items;
    uint32_t set = 0;
    for (uint32_t i = 0; i < raw->variant.count; i++) {
        if (words[i].text == NULL) {
            continue;
        }
        uint32_t bit = vtdpi_variant_bit(raw->protocol, words[i].text);
        if (bit == UINT32_MAX) {
            unknown_variant(build, raw->protocol, &words[i]);
        } else if ((set & (UINT32_C(1) << bit)) != 0) {
            vtdpi_diags_add(build->reading->diags, words[i].node->place, NULL,
                            "hypervisor.variant: \"%.63s\" stands twice", words[i].text);
        } else {
            set |= UINT32_C(1) << bit;
        }
    }
    return set;
}

static void build_hypervisor(const vtdpi_build_t *build)
{
    const raw_hypervisor_t *raw = &build->raw->hypervisor;
    vtdpi_hypervisor_cfg_t *hypervisor = &build->out->hypervisor;
    *hypervisor = raw->cfg;
    hypervisor->protocol = vtdpi_name(NAMES_PROTOCOL, raw->protocol);
    hypervisor->variant = build_variant(build, raw);
}

static uint32_t build_asserts(const vtdpi_build_t *build)
{
    const raw_word_t *words = build->raw->asserts.items;
    uint32_t set = 0;
    for (uint32_t i = 0; i < build->raw->asserts.count; i++) {
        uint32_t index =
            words[i].text == NULL ? UINT32_MAX : vtdpi_name_index(NAMES_MONITOR, words[i].text);
        if (index != UINT32_MAX && (set & (UINT32_C(1) << index)) != 0) {
            vtdpi_diags_add(build->reading->diags, words[i].node->place, NULL,
                            "assert: \"%.63s\" stands twice", words[i].text);
        }
        set |= index == UINT32_MAX ? 0 : UINT32_C(1) << index;
    }
    return set;
}

/* --- VMs and vCPUs
 * -------------------------------------------------------------------------------------------------
 */

static uint32_t count_vcpus(const vtdpi_build_t *build, const raw_vm_t *vm)
{
    const raw_vcpu_t *items = vm->vcpus.items;
    uint32_t count = 0;
    for (uint32_t i = 0; i < vm->vcpus.count; i++) {
        count += items[i].count;
        if (count > VTDPI_BUILD_VCPUS_MAX) {
            vtdpi_diags_add(build->reading->diags, items[i].head.node->place, NULL,
                            "too many vCPUs (expected at most %d in a scenario)",
                            VTDPI_BUILD_VCPUS_MAX);
            return 0;
        }
    }
    return count;
}

static void build_vms(vtdpi_build_t *build)
{
    const raw_vm_t *items = build->raw->vms.items;
    uint32_t count = build->raw->vms.count;
    vtdpi_vm_cfg_t *vms = vtdpi_arena_alloc(build->reading->arena, count, sizeof *vms);
    build->vm_first = vtdpi_arena_alloc(build->reading->arena, count, sizeof *build->vm_first);
    uint32_t total = 0;
    for (uint32_t i = 0; vms != NULL && build->vm_first != NULL && i < count; i++) {
        uint32_t vcpus = count_vcpus(build, &items[i]);
        vms[i].name = items[i].name.text == NULL ? "" : items[i].name.text;
        build->vm_first[i] = total;
        if (total + vcpus > VTDPI_BUILD_VCPUS_MAX) {
            vtdpi_diags_add(build->reading->diags, items[i].head.node->place, NULL,
                            "too many vCPUs (expected at most %d in a scenario)",
                            VTDPI_BUILD_VCPUS_MAX);
            vcpus = 0;
        }
        vms[i].vcpu_count = vcpus;
        total += vcpus;
        build->out->vm_count = i + 1;
    }
    build->out->vms = vms;
    build->out->vcpu_count = total;
}

/* Member [n] modulo their number of the set, or of all CPUs if it is empty. */
static uint32_t nth_cpu(const uint64_t *set, uint32_t cpus, uint32_t n)
{
    uint32_t members = 0;
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        members += vtdpi_set_has(set, cpu) ? 1 : 0;
    }
    if (members == 0) {
        return cpus == 0 ? 0 : n % cpus;
    }
    uint32_t left = n % members;
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        if (vtdpi_set_has(set, cpu) && left-- == 0) {
            return cpu;
        }
    }
    return 0;
}

static void build_vcpu(const vtdpi_build_t *build, const raw_vcpu_t *raw, uint32_t index,
                       vtdpi_vcpu_cfg_t *vcpu)
{
    *vcpu = raw->cfg;
    if (!vtdpi_build_given(&raw->head, SECTION_vcpu, "start")) {
        vcpu->start_cpu = nth_cpu(vcpu->affinity, build->raw->platform.cfg.cpus, index);
    }
}

static void build_vcpus(vtdpi_build_t *build, vtdpi_vcpu_cfg_t *vcpus)
{
    const raw_vm_t *vms = build->raw->vms.items;
    for (uint32_t v = 0; v < build->out->vm_count; v++) {
        const raw_vcpu_t *items = vms[v].vcpus.items;
        uint32_t number = 0;
        for (uint32_t i = 0; number < build->out->vms[v].vcpu_count; i++) {
            for (uint32_t k = 0; k < items[i].count; k++, number++) {
                uint32_t index = build->vm_first[v] + number;
                build->vcpu_raw[index] = &items[i];
                build_vcpu(build, &items[i], index, &vcpus[index]);
                vcpus[index].vm = v;
                vcpus[index].number = number;
            }
        }
    }
}

/* --- devices and VMM threads
 * --------------------------------------------------------------------------------------- */

static void build_devices(const vtdpi_build_t *build)
{
    const raw_device_t *items = build->raw->devices.items;
    uint32_t count = build->raw->devices.count;
    vtdpi_device_cfg_t *devices = vtdpi_arena_alloc(build->reading->arena, count, sizeof *devices);
    for (uint32_t i = 0; devices != NULL && i < count; i++) {
        devices[i] = items[i].cfg;
        devices[i].name = items[i].name.text;
    }
    build->out->devices = devices;
    build->out->device_count = devices == NULL ? 0 : count;
}

static void build_vmms(const vtdpi_build_t *build)
{
    const raw_vmm_t *items = build->raw->vmms.items;
    uint32_t count = build->raw->vmms.count;
    vtdpi_vmm_cfg_t *vmms = vtdpi_arena_alloc(build->reading->arena, count, sizeof *vmms);
    for (uint32_t i = 0; vmms != NULL && i < count; i++) {
        vmms[i] = items[i].cfg;
        vmms[i].name = items[i].name.text;
        if (!vtdpi_build_given(&items[i].head, SECTION_vmm, "start")) {
            vmms[i].start_cpu = nth_cpu(vmms[i].affinity, build->raw->platform.cfg.cpus, 0);
        }
    }
    build->out->vmms = vmms;
    build->out->vmm_count = vmms == NULL ? 0 : count;
}

static void build_top(const vtdpi_build_t *build)
{
    const raw_scenario_t *raw = build->raw;
    vtdpi_scenario_t *out = build->out;
    out->name = raw->name.text;
    out->seed = raw->seed;
    out->duration_ps = raw->duration_ps;
    out->drain_limit_ps = raw->drain_limit_ps;
    out->check = raw->check.bounds;
    out->asserts = build_asserts(build);
    out->expects = raw->expect.items;
    out->expect_count = raw->expect.count;
}

static void build_timing(const vtdpi_build_t *build)
{
    vtdpi_profile_t *profile = vtdpi_arena_alloc(build->reading->arena, 1, sizeof *profile);
    if (profile != NULL) {
        vtdpi_profile_build(build->reading, &build->raw->timing, build->file, profile);
        build->out->profile = profile;
        build->out->timing = profile->name;
    }
}

void vtdpi_build(const vtdpi_reading_t *reading, const raw_scenario_t *raw, const char *file,
                 vtdpi_scenario_t *out)
{
    vtdpi_build_t build = {.reading = reading, .raw = raw, .out = out, .file = file};
    build_top(&build);
    build_timing(&build);
    build_platform(&build);
    build_hypervisor(&build);
    build_vms(&build);
    build_devices(&build);
    build_vmms(&build);
    vtdpi_vcpu_cfg_t *vcpus = vtdpi_arena_alloc(reading->arena, out->vcpu_count, sizeof *vcpus);
    build.vcpu_raw = vtdpi_arena_alloc(reading->arena, out->vcpu_count, sizeof(const raw_vcpu_t *));
    out->vcpus = vcpus;
    if (vcpus == NULL || build.vcpu_raw == NULL) {
        return;
    }
    build_vcpus(&build, vcpus);
    vtdpi_build_interrupts(&build);
    vtdpi_build_programs(&build, vcpus);
    vtdpi_build_events(&build);
    vtdpi_build_check(&build);
}
