/* Names that refer to vCPUs and interrupts. */
#include "scenario/nearest.h"
#include "scenario/resolve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REFERENCE_MAX = 100, NUMBER_BASE = 10, NUMBER_LIMIT = 1000000 };

vtdpi_position_t vtdpi_resolve_place(const raw_head_t *head, const char *key)
{
    const vtdpi_node_t *value = vtdpi_node_get(head->node, key);
    return value != NULL ? value->place : head->node->place;
}

static uint64_t bit_of(section_id_t section, const char *key)
{
    return UINT64_C(1) << (vtdpi_key_find(section, key) - vtdpi_section(section).keys);
}

bool vtdpi_resolve_given(const raw_head_t *head, section_id_t section, const char *key)
{
    return (head->present & ~head->bad & bit_of(section, key)) != 0;
}

/* Splits NAME/NUMBER; false if it is none. */
static bool split(const char *text, size_t *name_length, uint32_t *number)
{
    const char *slash = strrchr(text, '/');
    if (slash == NULL || slash[1] == '\0' || (slash[1] == '0' && slash[2] != '\0')) {
        return false;
    }
    *name_length = (size_t)(slash - text);
    *number = 0;
    for (const char *c = slash + 1; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || *number > NUMBER_LIMIT) {
            return false;
        }
        *number = *number * NUMBER_BASE + (uint32_t)(*c - '0');
    }
    return true;
}

static bool same_name(const char *name, const char *text, size_t length)
{
    return name != NULL && strlen(name) == length && memcmp(name, text, length) == 0;
}

/* Offers NAME/0 … NAME/(count-1); what is better than [search] so far is kept in [best]. */
static void offer_all(vtdpi_nearest_t *search, const char *name, uint32_t count,
                      char best[REFERENCE_MAX])
{
    char text[REFERENCE_MAX];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(text, sizeof text, "%s/%" PRIu32, name, i);
        size_t before = search->distance;
        vtdpi_nearest_offer(search, text);
        if (search->distance < before) {
            memcpy(best, text, sizeof text);
        }
    }
}

/* The search for a near name is not worth its time when nobody will see it. */
static bool is_full(const vtdpi_resolve_t *resolve)
{
    return vtdpi_diags_total(resolve->reading->diags) >= VTDPI_DIAGS_MAX;
}

static bool unknown_vcpu(const vtdpi_resolve_t *resolve, raw_word_t word)
{
    char best[REFERENCE_MAX] = "";
    vtdpi_nearest_t search = vtdpi_nearest_start(word.text);
    for (uint32_t i = 0; !is_full(resolve) && i < resolve->out->vm_count; i++) {
        const vtdpi_vm_cfg_t *vm = &resolve->out->vms[i];
        offer_all(&search, vm->name, vm->vcpu_count, best);
    }
    vtdpi_diags_add(resolve->reading->diags, word.node->place, best[0] == '\0' ? NULL : best,
                    "there is no vCPU \"%.63s\" (expected VM/number)", word.text);
    return false;
}

bool vtdpi_resolve_vcpu(const vtdpi_resolve_t *resolve, raw_word_t word, uint32_t *index)
{
    size_t length = 0;
    uint32_t number = 0;
    *index = 0;
    if (word.text == NULL) {
        return false;
    }
    bool good = split(word.text, &length, &number);
    for (uint32_t i = 0; good && i < resolve->out->vm_count; i++) {
        const vtdpi_vm_cfg_t *vm = &resolve->out->vms[i];
        if (same_name(vm->name, word.text, length) && number < vm->vcpu_count) {
            *index = resolve->vm_first[i] + number;
            return true;
        }
    }
    return unknown_vcpu(resolve, word);
}

uint32_t vtdpi_resolve_source_count(const vtdpi_resolve_t *resolve)
{
    return resolve->raw->devices.count + resolve->raw->vmms.count;
}

const raw_word_t *vtdpi_resolve_source_name(const vtdpi_resolve_t *resolve, uint32_t source)
{
    const raw_device_t *devices = resolve->raw->devices.items;
    const raw_vmm_t *vmms = resolve->raw->vmms.items;
    uint32_t device_count = resolve->raw->devices.count;
    return source < device_count ? &devices[source].name : &vmms[source - device_count].name;
}

static bool unknown_interrupt(const vtdpi_resolve_t *resolve, raw_word_t word)
{
    char best[REFERENCE_MAX] = "";
    vtdpi_nearest_t search = vtdpi_nearest_start(word.text);
    for (uint32_t i = 0; !is_full(resolve) && i < resolve->raw->devices.count; i++) {
        const char *name = vtdpi_resolve_source_name(resolve, i)->text;
        offer_all(&search, name == NULL ? "" : name, resolve->source_count[i], best);
    }
    vtdpi_diags_add(resolve->reading->diags, word.node->place, best[0] == '\0' ? NULL : best,
                    "there is no interrupt \"%.63s\" of a device (expected device/number)",
                    word.text);
    return false;
}

bool vtdpi_resolve_interrupt(const vtdpi_resolve_t *resolve, raw_word_t word, uint32_t *index)
{
    size_t length = 0;
    uint32_t number = 0;
    *index = 0;
    if (word.text == NULL) {
        return false;
    }
    bool good = split(word.text, &length, &number);
    for (uint32_t i = 0; good && i < resolve->raw->devices.count; i++) {
        if (same_name(vtdpi_resolve_source_name(resolve, i)->text, word.text, length) &&
            number < resolve->source_count[i]) {
            *index = resolve->source_first[i] + number;
            return true;
        }
    }
    return unknown_interrupt(resolve, word);
}
