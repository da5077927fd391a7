/*
 * Equality of states: a hash that takes what is in flight as a set, and an order for what is in
 * flight that depends on its content alone.
 */
#include "internal.h"

#include <string.h>

/* Multiplier (golden ratio) and shift of one round. */
enum { HASH_SHIFT = 29 };

static uint64_t hash_mix(uint64_t h, uint64_t w)
{
    h ^= w;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> HASH_SHIFT);
}

static uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *b = bytes;
    uint64_t h = seed;
    for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
        uint64_t w = 0;
        memcpy(&w, b + i, sizeof(w));
        h = hash_mix(h, w);
    }
    uint64_t rest = 0;
    memcpy(&rest, b + (size & ~(size_t)7), size & 7U);
    return hash_mix(h, rest ^ size);
}

/* Slots of a set: each counts by its content, wherever it lies. */
static uint64_t hash_set(const void *slots, size_t size, uint32_t count)
{
    const uint8_t *b = slots;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += hash_bytes(b + (i * size), size, 1);
    }
    return sum;
}

uint64_t vtdpi_system_hash(const vtdpi_system_t *sys)
{
    const uint8_t *requests = (const uint8_t *)(const void *)sys->requests;
    const uint8_t *messages = (const uint8_t *)(const void *)sys->messages;
    const uint8_t *behind = (const uint8_t *)(const void *)sys->sources;
    uint64_t h = hash_bytes(sys->block, (size_t)(requests - sys->block), 2);
    h = hash_mix(h, hash_set(requests, sizeof(vtdpi_request_t), VTDPI_REQUESTS_MAX));
    h = hash_mix(h, hash_set(messages, sizeof(vtdpi_message_t), VTDPI_MESSAGES_MAX));
    return hash_bytes(behind, sys->hashed - (size_t)(behind - sys->block), h);
}

/* Sorts slots by content, empty ones last, together with their identities. Few are ever in use:
 * insertion sort. */
static void canonical_sort(uint8_t *slots, size_t size, uint32_t count, uint32_t *ghost)
{
    uint8_t hold[128];
    VTDPI_ASSERT(size <= sizeof(hold));
    for (uint32_t i = 1; i < count; i++) {
        memcpy(hold, slots + (i * size), size);
        uint32_t id = ghost != NULL ? ghost[i] : 0;
        uint32_t j = i;
        for (; j > 0 && memcmp(slots + ((j - 1) * size), hold, size) < 0; j--) {
            memcpy(slots + (j * size), slots + ((j - 1) * size), size);
            if (ghost != NULL) {
                ghost[j] = ghost[j - 1];
            }
        }
        memcpy(slots + (j * size), hold, size);
        if (ghost != NULL) {
            ghost[j] = id;
        }
    }
}

/* Places of live interrupts follow the slots. */
static void canonical_places(vtdpi_system_t *sys, const uint32_t *ghost, uint32_t count,
                             vtdpi_place_t place)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ghost[i] != 0 && sys->live[ghost[i] - 1].place == (uint8_t)place) {
            sys->live[ghost[i] - 1].where = i;
        }
    }
}

void vtdpi_system_canonicalise(vtdpi_system_t *sys)
{
    canonical_sort((uint8_t *)(void *)sys->requests, sizeof(vtdpi_request_t), VTDPI_REQUESTS_MAX,
                   sys->ghost_request);
    canonical_sort((uint8_t *)(void *)sys->messages, sizeof(vtdpi_message_t), VTDPI_MESSAGES_MAX,
                   sys->ghost_message);
    if (sys->p->ghost) {
        canonical_places(sys, sys->ghost_request, VTDPI_REQUESTS_MAX, VTDPI_AT_REQUEST);
        canonical_places(sys, sys->ghost_message, VTDPI_MESSAGES_MAX, VTDPI_AT_MESSAGE);
    }
}

static bool check_cpu(const vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    const vtdpi_thread_t *th = &sys->threads[cpu->thread];
    return vtdpi_lapic_check(&cpu->apic) && cpu->store_count <= sys->p->store_buffer &&
           cpu->thread < sys->p->thread_count && th->on_cpu == 1 && th->cpu == c &&
           (cpu->mode == VTDPI_MODE_NONROOT) == (cpu->vcpu != VTDPI_NOBODY);
}

/* A thread that runs has a CPU or was just picked; idle threads run whenever nobody else does. */
static bool check_thread(const vtdpi_system_t *sys, uint32_t t)
{
    const vtdpi_thread_t *th = &sys->threads[t];
    bool runs = th->state == VTDPI_TS_RUNNING || th->state == VTDPI_TS_SLEEPING;
    bool idle = sys->p->threads[t].kind == VTDPI_THREAD_IDLE;
    return th->depth > 0 && th->depth <= VTDPI_THREAD_DEPTH && th->cpu < sys->p->cpu_count &&
           (!runs || idle || th->on_cpu == 1 || sys->cpus[th->cpu].next == t);
}

bool vtdpi_system_check(const vtdpi_system_t *sys)
{
    bool ok = true;
    for (uint32_t u = 0; u < sys->p->unit_count; u++) {
        ok = ok && vtdpi_iommu_check(&sys->iommu[u], &sys->p->iommu);
    }
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        ok = ok && check_cpu(sys, c);
    }
    for (uint32_t t = 0; t < sys->p->thread_count; t++) {
        ok = ok && check_thread(sys, t);
    }
    return ok;
}
