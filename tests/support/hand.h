/*
 * A system driven by hand: a small platform, the three verbs, and threads that run scripts of
 * operations.
 *
 * The scripted protocol's vCPU threads do what hand_script says, operation by operation, then
 * nothing any more. The result of operation i of a script is kept in local i % VTDPI_FRAME_LOCALS
 * of the thread's script frame, so that it is state.
 */
#ifndef SUPPORT_HAND_H
#define SUPPORT_HAND_H

#include "vtdpi/build.h"
#include "vtdpi/pid.h"
#include "vtdpi/protocol.h"

#include "scene.h"

enum { HAND_SCRIPTS = 4 };

/** A platform, a system on it, and what the last fire observed. */
typedef struct {
    scene_t scene;
    vtdpi_build_t *build;
    vtdpi_platform_t p;
    vtdpi_source_fixed_t source[SCENE_MAX];
    vtdpi_system_t sys;
    void *block;
    vtdpi_obs_t obs;
    vtdpi_event_t event[VTDPI_OBS_MAX];
} hand_t;

/** How often an operation of each kind was fired through hand_fire or counted by hand_count. */
extern uint64_t hand_fired[VTDPI_OP_COUNT];

/** Builds h->scene. With [scripted] its threads run scripts in place of the scene's protocol. h->p
 * may be changed then. */
void hand_build(hand_t *h, bool scripted);

/** Starts the system on h->p. */
void hand_start(hand_t *h);

/** Frees what hand_build and hand_start took. */
void hand_close(hand_t *h);

/** What vCPU [vcpu]'s thread does; [ops] outlives the system. */
void hand_script(uint32_t vcpu, const vtdpi_op_t *ops, unsigned count);

/** Result of operation [i] of the script of [vcpu]. *Pre:* fewer than VTDPI_FRAME_LOCALS came after
 * it. */
uint64_t hand_result(const hand_t *h, uint32_t vcpu, unsigned i);

/** Fires alternative [alt] of [actor], which must have it, and checks the state. */
void hand_fire(hand_t *h, uint32_t actor, uint32_t alt);

/** Counts the operation of alternative [alt] of [actor], which is about to be fired by other means.
 */
void hand_count(const vtdpi_system_t *sys, uint32_t actor, uint32_t alt);

/** Kind of the operation that [cpu] is about to do of itself, enabled or not. */
unsigned hand_next(const hand_t *h, uint32_t cpu);

/** Whether [cpu] has an event to recognise. */
bool hand_event(const hand_t *h, uint32_t cpu);

/** Fires the operation that [cpu] is about to do, recognising nothing; drains its stores where it
 * has to wait for them. */
void hand_step(hand_t *h, uint32_t cpu);

/** Steps [cpu] until it is about to do [kind]; fails after 400 operations. */
void hand_to(hand_t *h, uint32_t cpu, unsigned kind);

/** Drains the store buffer of [cpu]. */
void hand_drain(hand_t *h, uint32_t cpu);

/** Fires messages in flight until there is none. */
void hand_messages(hand_t *h);

/** Number of messages in flight, and slot of the first one with [vector], or VTDPI_MESSAGES_MAX. */
uint32_t hand_in_flight(const hand_t *h);
uint32_t hand_message(const hand_t *h, uint8_t vector);

/** Observation [event] of the last fire, or NULL. */
const vtdpi_event_t *hand_saw(const hand_t *h, unsigned event);

/** Word of a line as memory has it. */
uint64_t *hand_word(hand_t *h, uint32_t line, unsigned word);

/** Control word of the descriptor of [vcpu]. */
vtdpi_pid_ctl_t hand_control(hand_t *h, uint32_t vcpu);

#endif
