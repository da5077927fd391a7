/*
 * What a vector says about the trust in it, in the two forms of the files: a list of kinds and one
 * step, or a code before the colon of each reason, a list of steps, and the specification's values.
 */
#include "conform/out.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { STEP_MAX = 1 << 20 };

/** The next reason after separator [separator] in [text], or NULL. */
static const char *reason_next(const char *text, const char *separator)
{
    const char *found = text != NULL ? strstr(text, separator) : NULL;
    return found != NULL ? found + strlen(separator) : NULL;
}

static void kind_take(conform_suspicion_t *suspicion, const char *text)
{
    size_t length = text != NULL ? strcspn(text, ":") : 0;
    (void)snprintf(suspicion->kind, sizeof suspicion->kind, "%.*s",
                   (int)(length < sizeof suspicion->kind ? length : sizeof suspicion->kind - 1),
                   text != NULL ? text : "");
}

/** Kinds as a list, with one step for all. */
static void kinds_read(conform_out_t *out, const json_t *vector)
{
    conform_suspect_t *suspect = &out->suspect;
    const json_t *kinds = conform_list(out, vector, "suspect_kinds");
    int step = (int)conform_number(out, vector, "suspect_from_step", STEP_MAX);
    size_t i;
    json_t *value;
    json_array_foreach(kinds, i, value)
    {
        const char *name = json_string_value(value);
        if (name == NULL || i == CONFORM_SUSPICIONS) {
            conform_refuse(out, "suspect_kinds", "a list of at most 8 texts");
            return;
        }
        kind_take(&suspect->because[suspect->count], name);
        suspect->because[suspect->count++].step = step;
    }
    suspect->from_step = step;
}

/** The specification's value of reason [index], if the vector has it. */
static void says_read(conform_out_t *out, const json_t *vector, size_t index,
                      conform_suspicion_t *suspicion)
{
    const json_t *says = json_array_get(json_object_get(vector, "sdm_says"), index);
    if (says == NULL) {
        return;
    }
    suspicion->field = json_string_value(json_object_get(says, "field"));
    suspicion->value = json_object_get(says, "value");
    if (suspicion->field == NULL || suspicion->value == NULL) {
        conform_refuse(out, "sdm_says", "a list of objects with field and value");
    }
}

/** A code in front of each reason, steps and values beside them. */
static void codes_read(conform_out_t *out, const json_t *vector)
{
    conform_suspect_t *suspect = &out->suspect;
    bool stepped = conform_has(vector, "suspect_at");
    const json_t *at = stepped ? conform_list(out, vector, "suspect_at") : NULL;
    if (conform_has(vector, "sdm_says")) {
        (void)conform_list(out, vector, "sdm_says");
    }
    const char *text = suspect->reason;
    for (size_t i = 0; text != NULL; i++, text = reason_next(text, " | ")) {
        if (i == CONFORM_SUSPICIONS) {
            conform_refuse(out, "suspect", "at most 8 reasons");
            return;
        }
        conform_suspicion_t *suspicion = &suspect->because[suspect->count++];
        kind_take(suspicion, text);
        suspicion->step = CONFORM_EVERY_STEP;
        if (stepped) {
            suspicion->step =
                (int)conform_number_in(out, json_array_get(at, i), "suspect_at", STEP_MAX);
        }
        says_read(out, vector, i, suspicion);
        if (suspicion->step < suspect->from_step) {
            suspect->from_step = suspicion->step;
        }
    }
}

void conform_suspect_read(conform_out_t *out)
{
    const json_t *vector = out->vector;
    out->suspect = (conform_suspect_t){.from_step = INT_MAX};
    if (json_object_get(vector, "suspect") == NULL) {
        return;
    }
    out->suspect.reason = conform_text(out, vector, "suspect");
    if (conform_has(vector, "suspect_kinds")) {
        kinds_read(out, vector);
    } else {
        codes_read(out, vector);
    }
}
