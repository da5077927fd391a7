#include "scenario/resolve.h"

#include "scenario/nearest.h"
#include "scenario/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void resolve_platform(const vtdpi_resolve_t *resolve)
{
    const raw_platform_t *raw = &resolve->raw->platform;
    vtdpi_platform_cfg_t *platform = &resolve->out->platform;
    *platform = raw->cfg;
    platform->iommu_posting = raw->iommu.posting;
    platform->iommu_units = raw->iommu.units;
    platform->no_remapping = !raw->iommu.remapping;
    platform->fault_records = raw->iommu.fault_records;
    platform->iommu_cache = raw->iommu.cache;
    platform->iommu_requests = raw->iommu.requests;
    platform->coherent = raw->iommu.coherent;
    platform->switches = raw->switches.cfg;
}

static void unknown_variant(const vtdpi_resolve_t *resolve, uint32_t protocol,
                            const raw_word_t *word)
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
    vtdpi_diags_add(resolve->reading->diags, word->node->place, search.best,
                    "hypervisor.variant: protocol %s has no variant \"%.63s\" (expected %s)",
                    vtdpi_name(NAMES_PROTOCOL, protocol), word->text, expected);
}

static uint32_t resolve_variant(const vtdpi_resolve_t *resolve, const raw_hypervisor_t *raw)
{
    const raw_word_t *words = raw->variant.items;
    uint32_t set = 0;
    for (uint32_t i = 0; i < raw->variant.count; i++) {
        if (words[i].text == NULL) {
            continue;
        }
        uint32_t bit = vtdpi_variant_bit(raw->protocol, words[i].text);
        if (bit == UINT32_MAX) {
            unknown_variant(resolve, raw->protocol, &words[i]);
        } else if ((set & (UINT32_C(1) << bit)) != 0) {
            vtdpi_diags_add(resolve->reading->diags, words[i].node->place, NULL,
                            "hypervisor.variant: \"%.63s\" stands twice", words[i].text);
        } else {
            set |= UINT32_C(1) << bit;
        }
    }
    return set;
}

static void resolve_hypervisor(const vtdpi_resolve_t *resolve)
{
    const raw_hypervisor_t *raw = &resolve->raw->hypervisor;
    vtdpi_hypervisor_cfg_t *hypervisor = &resolve->out->hypervisor;
    *hypervisor = raw->cfg;
    hypervisor->protocol = vtdpi_name(NAMES_PROTOCOL, raw->protocol);
    hypervisor->variant = resolve_variant(resolve, raw);
}

static uint32_t resolve_asserts(const vtdpi_resolve_t *resolve)
{
    const raw_word_t *words = resolve->raw->asserts.items;
    uint32_t set = 0;
    for (uint32_t i = 0; i < resolve->raw->asserts.count; i++) {
        uint32_t index =
            words[i].text == NULL ? UINT32_MAX : vtdpi_name_index(NAMES_MONITOR, words[i].text);
        if (index != UINT32_MAX && (set & (UINT32_C(1) << index)) != 0) {
            vtdpi_diags_add(resolve->reading->diags, words[i].node->place, NULL,
                            "assert: \"%.63s\" stands twice", words[i].text);
        }
        set |= index == UINT32_MAX ? 0 : UINT32_C(1) << index;
    }
    return set;
}

/* --- VMs and vCPUs --- */

static uint32_t count_vcpus(const vtdpi_resolve_t *resolve, const raw_vm_t *vm)
{
    const raw_vcpu_t *items = vm->vcpus.items;
    uint32_t count = 0;
    for (uint32_t i = 0; i < vm->vcpus.count; i++) {
        count += items[i].count;
        if (count > VTDPI_RESOLVE_VCPUS_MAX) {
            vtdpi_diags_add(resolve->reading->diags, items[i].head.node->place, NULL,
                            "too many vCPUs (expected at most %d in a scenario)",
                            VTDPI_RESOLVE_VCPUS_MAX);
            return 0;
        }
    }
    return count;
}

static void resolve_vms(vtdpi_resolve_t *resolve)
{
    const raw_vm_t *items = resolve->raw->vms.items;
    uint32_t count = resolve->raw->vms.count;
    vtdpi_vm_cfg_t *vms = vtdpi_arena_alloc(resolve->reading->arena, count, sizeof *vms);
    resolve->vm_first =
        vtdpi_arena_alloc(resolve->reading->arena, count, sizeof *resolve->vm_first);
    uint32_t total = 0;
    for (uint32_t i = 0; vms != NULL && resolve->vm_first != NULL && i < count; i++) {
        uint32_t vcpus = count_vcpus(resolve, &items[i]);
        vms[i].name = items[i].name.text == NULL ? "" : items[i].name.text;
        resolve->vm_first[i] = total;
        if (total + vcpus > VTDPI_RESOLVE_VCPUS_MAX) {
            vtdpi_diags_add(resolve->reading->diags, items[i].head.node->place, NULL,
                            "too many vCPUs (expected at most %d in a scenario)",
                            VTDPI_RESOLVE_VCPUS_MAX);
            vcpus = 0;
        }
        vms[i].vcpu_count = vcpus;
        total += vcpus;
        resolve->out->vm_count = i + 1;
    }
    resolve->out->vms = vms;
    resolve->out->vcpu_count = total;
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

static void resolve_vcpu(const vtdpi_resolve_t *resolve, const raw_vcpu_t *raw, uint32_t index,
                         vtdpi_vcpu_cfg_t *vcpu)
{
    *vcpu = raw->cfg;
    if (!vtdpi_resolve_given(&raw->head, SECTION_vcpu, "start")) {
        vcpu->start_cpu = nth_cpu(vcpu->affinity, resolve->raw->platform.cfg.cpus, index);
    }
}

static void resolve_vcpus(vtdpi_resolve_t *resolve, vtdpi_vcpu_cfg_t *vcpus)
{
    const raw_vm_t *vms = resolve->raw->vms.items;
    for (uint32_t v = 0; v < resolve->out->vm_count; v++) {
        const raw_vcpu_t *items = vms[v].vcpus.items;
        uint32_t number = 0;
        for (uint32_t i = 0; number < resolve->out->vms[v].vcpu_count; i++) {
            for (uint32_t k = 0; k < items[i].count; k++, number++) {
                uint32_t index = resolve->vm_first[v] + number;
                resolve->vcpu_raw[index] = &items[i];
                resolve_vcpu(resolve, &items[i], index, &vcpus[index]);
                vcpus[index].vm = v;
                vcpus[index].number = number;
            }
        }
    }
}

/* --- devices and VMM threads
 * --------------------------------------------------------------------------------------- */

static void resolve_devices(const vtdpi_resolve_t *resolve)
{
    const raw_device_t *items = resolve->raw->devices.items;
    uint32_t count = resolve->raw->devices.count;
    vtdpi_device_cfg_t *devices =
        vtdpi_arena_alloc(resolve->reading->arena, count, sizeof *devices);
    for (uint32_t i = 0; devices != NULL && i < count; i++) {
        devices[i] = items[i].cfg;
        devices[i].name = items[i].name.text;
    }
    resolve->out->devices = devices;
    resolve->out->device_count = devices == NULL ? 0 : count;
}

static void resolve_vmms(const vtdpi_resolve_t *resolve)
{
    const raw_vmm_t *items = resolve->raw->vmms.items;
    uint32_t count = resolve->raw->vmms.count;
    vtdpi_vmm_cfg_t *vmms = vtdpi_arena_alloc(resolve->reading->arena, count, sizeof *vmms);
    for (uint32_t i = 0; vmms != NULL && i < count; i++) {
        vmms[i] = items[i].cfg;
        vmms[i].name = items[i].name.text;
        if (!vtdpi_resolve_given(&items[i].head, SECTION_vmm, "start")) {
            vmms[i].start_cpu = nth_cpu(vmms[i].affinity, resolve->raw->platform.cfg.cpus, 0);
        }
    }
    resolve->out->vmms = vmms;
    resolve->out->vmm_count = vmms == NULL ? 0 : count;
}

static void resolve_top(const vtdpi_resolve_t *resolve)
{
    const raw_scenario_t *raw = resolve->raw;
    vtdpi_scenario_t *out = resolve->out;
    out->name = raw->name.text;
    out->seed = raw->seed;
    out->duration_ps = raw->duration_ps;
    out->drain_limit_ps = raw->drain_limit_ps;
    out->check = raw->check.bounds;
    out->asserts = resolve_asserts(resolve);
    out->expects = raw->expect.items;
    out->expect_count = raw->expect.count;
}

static void resolve_timing(const vtdpi_resolve_t *resolve)
{
    vtdpi_profile_t *profile = vtdpi_arena_alloc(resolve->reading->arena, 1, sizeof *profile);
    if (profile != NULL) {
        vtdpi_profile_build(resolve->reading, &resolve->raw->timing, resolve->file, profile);
        resolve->out->profile = profile;
        resolve->out->timing = profile->name;
    }
}

void vtdpi_resolve(const vtdpi_reading_t *reading, const raw_scenario_t *raw, const char *file,
                   vtdpi_scenario_t *out)
{
    vtdpi_resolve_t resolve = {.reading = reading, .raw = raw, .out = out, .file = file};
    resolve_top(&resolve);
    resolve_timing(&resolve);
    resolve_platform(&resolve);
    resolve_hypervisor(&resolve);
    resolve_vms(&resolve);
    resolve_devices(&resolve);
    resolve_vmms(&resolve);
    vtdpi_vcpu_cfg_t *vcpus = vtdpi_arena_alloc(reading->arena, out->vcpu_count, sizeof *vcpus);
    resolve.vcpu_raw =
        vtdpi_arena_alloc(reading->arena, out->vcpu_count, sizeof(const raw_vcpu_t *));
    out->vcpus = vcpus;
    if (vcpus == NULL || resolve.vcpu_raw == NULL) {
        return;
    }
    resolve_vcpus(&resolve, vcpus);
    vtdpi_resolve_interrupts(&resolve);
    vtdpi_resolve_programs(&resolve, vcpus);
    vtdpi_resolve_events(&resolve);
    vtdpi_resolve_check(&resolve);
}
