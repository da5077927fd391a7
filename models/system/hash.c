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

/* Slots of a set: each that is in use counts by its content, wherever it lies. */
static uint64_t hash_requests(const vtdpi_system_t *sys)
{
    uint64_t sum = 0;
    for (uint32_t r = 0; r < VTDPI_REQUESTS_MAX; r++) {
        if (sys->requests[r].phase != VTDPI_RQ_FREE) {
            sum += hash_bytes(&sys->requests[r], sizeof(vtdpi_request_t), 1);
        }
    }
    return sum;
}

static uint64_t hash_messages(const vtdpi_system_t *sys)
{
    uint64_t sum = 0;
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        if (sys->messages[m].used) {
            sum += hash_bytes(&sys->messages[m], sizeof(vtdpi_message_t), 2);
        }
    }
    return sum;
}

uint32_t vtdpi_system_parts(const vtdpi_system_t *sys)
{
    return (uint32_t)((sys->hashed + VTDPI_HASH_PART - 1) / VTDPI_HASH_PART);
}

/* Part [i] of the block: where it begins, and its size. What lies in the sets is no part. */
static size_t hash_part(const vtdpi_system_t *sys, uint32_t i, size_t *begin)
{
    size_t sets = (size_t)((const uint8_t *)(const void *)sys->requests - sys->block);
    size_t behind = (size_t)((const uint8_t *)(const void *)sys->sources - sys->block);
    *begin = (size_t)i * VTDPI_HASH_PART;
    size_t end = *begin + VTDPI_HASH_PART < sys->hashed ? *begin + VTDPI_HASH_PART : sys->hashed;
    if (*begin < sets) {
        end = end < sets ? end : sets;
    } else if (*begin < behind) {
        *begin = behind;
    }
    return end > *begin ? end - *begin : 0;
}

uint64_t vtdpi_system_rehash(const vtdpi_system_t *sys, const void *before, uint64_t *part)
{
    const uint8_t *old = before;
    uint64_t sum = hash_mix(hash_requests(sys), hash_messages(sys));
    for (uint32_t i = 0; i < vtdpi_system_parts(sys); i++) {
        size_t begin = 0;
        size_t size = hash_part(sys, i, &begin);
        if (old == NULL || memcmp(old + begin, sys->block + begin, size) != 0) {
            part[i] = hash_bytes(sys->block + begin, size, i + UINT64_C(3));
        }
        sum += part[i];
    }
    return sum;
}

uint64_t vtdpi_system_hash(const vtdpi_system_t *sys)
{
    uint64_t sum = hash_mix(hash_requests(sys), hash_messages(sys));
    for (uint32_t i = 0; i < vtdpi_system_parts(sys); i++) {
        size_t begin = 0;
        size_t size = hash_part(sys, i, &begin);
        sum += hash_bytes(sys->block + begin, size, i + UINT64_C(3));
    }
    return sum;
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

/* Number of slots up to the last that is in use. */
static uint32_t canonical_requests(const vtdpi_system_t *sys)
{
    uint32_t n = VTDPI_REQUESTS_MAX;
    while (n > 0 && sys->requests[n - 1].phase == VTDPI_RQ_FREE) {
        n--;
    }
    return n;
}

static uint32_t canonical_messages(const vtdpi_system_t *sys)
{
    uint32_t n = VTDPI_MESSAGES_MAX;
    while (n > 0 && !sys->messages[n - 1].used) {
        n--;
    }
    return n;
}

void vtdpi_system_canonicalise(vtdpi_system_t *sys)
{
    canonical_sort((uint8_t *)(void *)sys->requests, sizeof(vtdpi_request_t),
                   canonical_requests(sys), sys->ghost_request);
    canonical_sort((uint8_t *)(void *)sys->messages, sizeof(vtdpi_message_t),
                   canonical_messages(sys), sys->ghost_message);
    if (sys->p->ghost) {
        canonical_places(sys, sys->ghost_request, VTDPI_REQUESTS_MAX, VTDPI_AT_REQUEST);
        canonical_places(sys, sys->ghost_message, VTDPI_MESSAGES_MAX, VTDPI_AT_MESSAGE);
    }
}

/* A thread that was picked off its CPU to move has its new one already until the switch. */
static bool check_cpu(const vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    const vtdpi_thread_t *th = &sys->threads[cpu->thread];
    return vtdpi_lapic_check(&cpu->apic) && cpu->store_count <= sys->p->store_buffer &&
           cpu->thread < sys->p->thread_count && th->on_cpu == 1 &&
           (th->cpu == c || th->state == VTDPI_TS_RUNNABLE) &&
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
