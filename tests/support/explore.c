#include "explore.h"

#include "vtdpi/pid.h"

#include <stdlib.h>
#include <string.h>

/* Visited states, by hash: open addressing, grows by doubling. */
typedef struct {
    uint64_t *slot;
    uint64_t mask, used;
} set_t;

static bool set_insert(set_t *s, uint64_t h)
{
    h += h == 0;
    uint64_t i = h & s->mask;
    for (; s->slot[i] != 0; i = (i + 1) & s->mask) {
        if (s->slot[i] == h) {
            return false;
        }
    }
    s->slot[i] = h;
    s->used++;
    return true;
}

static void set_add_room(set_t *s)
{
    if (s->slot != NULL && s->used * 2 < s->mask) {
        return;
    }
    set_t old = *s;
    s->mask = old.slot == NULL ? 0xFFFF : (old.mask * 2) + 1;
    s->slot = calloc(s->mask + 1, sizeof(uint64_t));
    s->used = 0;
    for (uint64_t i = 0; old.slot != NULL && i <= old.mask; i++) {
        if (old.slot[i] != 0) {
            set_insert(s, old.slot[i]);
        }
    }
    free(old.slot);
}

/* A level of the path: a state and how far its alternatives have been tried. */
typedef struct {
    uint8_t *block;
    uint64_t *part; /* fingerprints of its parts */
    uint32_t actor, alt;
} level_t;

/* An operation of a CPU in root mode that commutes with all that others do, and with the arrival of
 * interrupts. */
static bool local_to_cpu(const vtdpi_system_t *sys, uint32_t c, const vtdpi_alt_t *alt)
{
    if (alt->nonroot) {
        return false;
    }
    switch (alt->op.kind) {
    case VTDPI_OP_SPEND:
    case VTDPI_OP_VMWRITE:
    case VTDPI_OP_STI:
        return true;
    case VTDPI_OP_CLI: /* with interrupts off already, none is recognised before or after these */
    case VTDPI_OP_STORE:
    case VTDPI_OP_UNLOCK:
    case VTDPI_OP_EOI:
    case VTDPI_OP_RESCHED:
    case VTDPI_OP_CLOCK:
    case VTDPI_OP_ROUTE_OF:
        return sys->cpus[c].host_if == 0;
    default:
        return false;
    }
}

/*
 * A device may write at once, and the unit may decode and send at once, for what follows can wait
 * as long as it likes; as long as nobody rewrites remapping entries.
 */
static bool local_to_unit(const vtdpi_system_t *sys, const vtdpi_alt_t *alt)
{
    return sys->p->queue_count == 0 &&
           (alt->op.kind == VTDPI_OP_MSI_WRITE || alt->op.kind == VTDPI_OP_ADMIT ||
            alt->op.kind == VTDPI_OP_FETCH || alt->op.kind == VTDPI_OP_FORWARD);
}

/* The only actor that needs to be tried here, for its operation commutes with everything else; or
 * count. */
static uint32_t only_actor(const vtdpi_system_t *sys)
{
    for (uint32_t i = 0; i < sys->actor.count; i++) {
        vtdpi_alt_t alt;
        if (vtdpi_enabled(sys, i) != 1) {
            continue;
        }
        vtdpi_pending(sys, i, 0, &alt);
        if (i < sys->p->cpu_count ? local_to_cpu(sys, i, &alt) : local_to_unit(sys, &alt)) {
            return i;
        }
    }
    return sys->actor.count;
}

static bool lost(const vtdpi_system_t *sys)
{
    for (uint32_t v = 0; v < sys->p->vcpu_count; v++) {
        const uint64_t *pid = &sys->lines[sys->p->vcpus[v].pid * VTDPI_LINE_WORDS];
        if ((pid[0] | pid[1] | pid[2] | pid[3]) != 0 || sys->vcpus[v].vapic.rvi != 0) {
            return true;
        }
    }
    return false;
}

typedef struct {
    const vtdpi_platform_t *p;
    vtdpi_system_t sys;
    uint64_t *part; /* fingerprints of sys */
    set_t seen;
    level_t *level;
    uint32_t depth, room;
    explore_result_t *out;
} search_t;

static void push(search_t *s)
{
    if (s->depth == s->room) {
        s->room = s->room == 0 ? 64 : s->room * 2;
        s->level = realloc(s->level, s->room * sizeof(level_t));
        memset(&s->level[s->depth], 0, (s->room - s->depth) * sizeof(level_t));
    }
    level_t *l = &s->level[s->depth++];
    if (l->block == NULL) {
        l->block = aligned_alloc(64, s->sys.size);
        l->part = calloc(vtdpi_system_parts(&s->sys), sizeof(uint64_t));
    }
    memcpy(l->block, s->sys.block, s->sys.size);
    memcpy(l->part, s->part, vtdpi_system_parts(&s->sys) * sizeof(uint64_t));
    uint32_t only = only_actor(&s->sys);
    l->actor = only < s->sys.actor.count ? only | 0x80000000U : 0;
    l->alt = 0;
    s->out->states++;
    s->out->depth = s->depth > s->out->depth ? s->depth : s->out->depth;
}

static void keep_path(search_t *s)
{
    explore_result_t *out = s->out;
    if (out->losses != 1) {
        return;
    }
    for (uint32_t i = 0; i + 1 < s->depth && i < 4096; i++, out->path_length = i) {
        out->path[i][0] = s->level[i].actor & 0x7FFFFFFFU;
        out->path[i][1] = s->level[i].alt - 1;
    }
}

/* The state on top has no successor. */
static void end(search_t *s)
{
    s->out->ends++;
    s->out->waiting += s->sys.vcpus[0].guest_if;
    if (lost(&s->sys)) {
        s->out->losses++;
        keep_path(s);
    }
}

/* Actors that matter: where nobody rewrites remapping entries it is all the same whether one is
 * cached. */
static uint32_t actors(const vtdpi_system_t *sys)
{
    return sys->p->queue_count == 0 ? sys->actor.evict : sys->actor.count;
}

/* Moves level [l] on to its next alternative; false if there is none. */
static bool next(search_t *s, level_t *l)
{
    uint32_t count = actors(&s->sys);
    uint32_t only = l->actor & 0x80000000U;
    uint32_t actor = l->actor & 0x7FFFFFFFU;
    while (actor < count && l->alt >= vtdpi_enabled(&s->sys, actor)) {
        actor = only != 0 ? count : actor + 1;
        l->alt = 0;
    }
    l->actor = actor | only;
    return actor < count;
}

static void step(search_t *s)
{
    level_t *l = &s->level[s->depth - 1];
    bool fresh = l->alt == 0 && (l->actor == 0 || (l->actor & 0x80000000U) != 0);
    memcpy(s->sys.block, l->block, s->sys.size);
    if (!next(s, l)) {
        if (fresh) {
            end(s);
        }
        s->depth--;
        return;
    }
    vtdpi_fire(&s->sys, l->actor & 0x7FFFFFFFU, l->alt++, NULL);
    vtdpi_system_canonicalise(&s->sys);
    s->out->transitions++;
    set_add_room(&s->seen);
    memcpy(s->part, l->part, vtdpi_system_parts(&s->sys) * sizeof(uint64_t));
    if (set_insert(&s->seen, vtdpi_system_rehash(&s->sys, l->block, s->part))) {
        push(s);
    }
}

/* Starts the machine: every CPU goes on, lowest first, until it is in the guest or has nothing to
 * do. */
static void settle(vtdpi_system_t *sys)
{
    for (uint32_t i = 0; i < sys->actor.source;) {
        bool guest = i < sys->p->cpu_count && sys->cpus[i].mode == VTDPI_MODE_NONROOT &&
                     sys->cpus[i].ucode.func == VTDPI_FN_none;
        if (guest || vtdpi_enabled(sys, i) == 0) {
            i++;
        } else {
            vtdpi_fire(sys, i, 0, NULL);
            i = 0;
        }
    }
}

void explore(const vtdpi_platform_t *p, uint64_t limit, explore_result_t *out)
{
    search_t s;
    memset(&s, 0, sizeof(s));
    memset(out, 0, sizeof(*out));
    s.p = p;
    s.out = out;
    void *block = aligned_alloc(64, vtdpi_system_size(p));
    vtdpi_system_bind(&s.sys, p, block);
    vtdpi_system_init(&s.sys);
    settle(&s.sys);
    set_add_room(&s.seen);
    s.part = calloc(vtdpi_system_parts(&s.sys), sizeof(uint64_t));
    set_insert(&s.seen, vtdpi_system_rehash(&s.sys, NULL, s.part));
    push(&s);
    while (s.depth > 0 && out->states < limit) {
        step(&s);
    }
    out->closed = s.depth == 0;
    out->monitors = s.sys.monitors;
    for (uint32_t i = 0; i < s.room; i++) {
        free(s.level[i].block);
        free(s.level[i].part);
    }
    free(s.part);
    free(s.level);
    free(s.seen.slot);
    free(block);
}
