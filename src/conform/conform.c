/* Files of vectors: each line to its group's replay, each report to a verdict. */
#include "vtdpi/conform.h"

#include "conform/out.h"
#include "conform/source.h"
#include "scenario/diag.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 64, DELETE = 0x7f };

/** A row of groups.def. */
typedef struct {
    const char *name;
    const char *family; /**< NULL: the name is a category */
    const char *kind;   /**< "": of any kind */
    conform_replay_t *replay;
    const char *doc;
} group_t;

#define CONFORM_CATEGORY(category, replay, doc) {#category, NULL, "", conform_replay_##replay, doc},
#define CONFORM_FAMILY(name, family, kind, replay, doc)                                            \
    {#name, family, kind, conform_replay_##replay, doc},
static const group_t group_rows[] = {
#include "conform/groups.def"
};
#undef CONFORM_CATEGORY
#undef CONFORM_FAMILY

enum { GROUPS = sizeof group_rows / sizeof group_rows[0] };

/** A file that is being replayed. */
typedef struct {
    const char *name;
    const char *groups; /**< pattern, or NULL */
    vtdpi_conform_listener_t *listener;
    void *context;
    vtdpi_diags_t *diags;
    conform_source_t *source;
    uint32_t line;
    uint32_t vectors;
    uint32_t malformed;
    vtdpi_err_t err;
    conform_out_t out;
} replay_t;

unsigned vtdpi_conform_group_count(void)
{
    return GROUPS;
}

const char *vtdpi_conform_group_name(unsigned group)
{
    return group < GROUPS ? group_rows[group].name : NULL;
}

const char *vtdpi_conform_group_doc(unsigned group)
{
    return group < GROUPS ? group_rows[group].doc : NULL;
}

const char *vtdpi_conform_verdict_name(unsigned verdict)
{
    static const char *const names[VTDPI_CONFORM_VERDICTS] = {
        "agreed", "differing", "excepted", "suspect-agreed", "suspect-differing", "skipped"};
    return verdict < VTDPI_CONFORM_VERDICTS ? names[verdict] : NULL;
}

/** Refuses the file at column [column] of the present line; line 0: as a whole. */
static void refuse(replay_t *r, uint32_t line, uint32_t column, const char *message)
{
    vtdpi_position_t place = {.file = r->name, .line = line, .column = column};
    if (r->malformed++ < VTDPI_CONFORM_MALFORMED) {
        vtdpi_diags_add(r->diags, place, NULL, "%s", message);
    }
    r->err = r->err == VTDPI_OK ? VTDPI_ERR_INPUT : r->err;
}

/** Whether [text] can name a vector: short and printable. */
static bool id_good(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= DELETE) {
            return false;
        }
    }
    return length > 0 && length < ID_BYTES;
}

/** The group of [vector]; GROUPS: none. */
static unsigned group_of(const json_t *vector)
{
    const char *category = json_string_value(json_object_get(vector, "category"));
    const char *family = json_string_value(json_object_get(vector, "family"));
    const char *kind = json_string_value(json_object_get(vector, "kind"));
    for (unsigned i = 0; i < GROUPS; i++) {
        const group_t *row = &group_rows[i];
        const char *key = row->family != NULL ? family : category;
        const char *value = row->family != NULL ? row->family : row->name;
        bool kinds = row->kind[0] == '\0' || (kind != NULL && strcmp(kind, row->kind) == 0);
        if (key != NULL && strcmp(key, value) == 0 && kinds) {
            return i;
        }
    }
    return GROUPS;
}

/** Replays under [settings]; false if it ended without a report. */
static bool replay_under(conform_out_t *out, unsigned group, unsigned settings)
{
    conform_out_start(out, settings);
    group_rows[group].replay(out->vector, out);
    return !out->malformed && !out->exhausted && out->skipped == NULL;
}

/**
 * A vector that differs: replayed again under the settings of the rows that match its first
 * difference. Settings that move the first difference to a later step, or leave fewer differences
 * from the same step on, stay while the next row is looked for. When nothing is unexplained any
 * more, the report is of that replay and its clause the one of the first row that stayed; otherwise
 * it is of the plain replay.
 */
static void replay_again(conform_out_t *out, unsigned group)
{
    unsigned row = 0;
    unsigned settings = 0;
    unsigned added = 0;
    const char *clause;
    const char *first = NULL;
    while (out->unexplained > 0 &&
           (clause = conform_resettable(out, settings, &row, &added)) != NULL) {
        int step = out->first_step;
        unsigned before = out->unexplained;
        bool told = replay_under(out, group, settings | added);
        bool fewer = out->first_step == step && out->unexplained < before;
        if (told && (out->unexplained == 0 || out->first_step > step || fewer)) {
            settings |= added;
            first = first != NULL ? first : clause;
            row = 0;
        } else if (!replay_under(out, group, settings)) {
            return;
        }
    }
    if (out->unexplained == 0) {
        out->clause = first;
    } else if (settings != 0) {
        (void)replay_under(out, group, 0);
    }
}

static vtdpi_conform_verdict_t verdict_of(const conform_out_t *out)
{
    if (out->skipped != NULL) {
        return VTDPI_CONFORM_SKIPPED;
    }
    if (out->unexplained > 0) {
        return VTDPI_CONFORM_DIFFERING;
    }
    if (out->suspect.reason != NULL) {
        return out->suspected > 0 ? VTDPI_CONFORM_SUSPECT_DIFFERING : VTDPI_CONFORM_SUSPECT_AGREED;
    }
    return out->clause != NULL ? VTDPI_CONFORM_EXCEPTED : VTDPI_CONFORM_AGREED;
}

static void tell(const replay_t *r, const char *id, unsigned group)
{
    const conform_out_t *out = &r->out;
    vtdpi_conform_verdict_t verdict = verdict_of(out);
    bool replayed = verdict != VTDPI_CONFORM_SKIPPED;
    vtdpi_conform_result_t result = {
        .file = r->name,
        .line = r->line,
        .group = group,
        .id = id,
        .verdict = verdict,
        .says = replayed ? out->says : VTDPI_CONFORM_SAYS_NOTHING,
        .why = replayed ? out->suspect.reason : out->skipped,
        .clause = replayed ? out->clause : NULL,
        .differences = out->difference,
        .difference_count = replayed ? out->count : 0,
        .differences_left_out = replayed ? out->left_out : 0,
    };
    r->listener(r->context, &result);
}

static void vector_replay(replay_t *r, const json_t *vector)
{
    conform_out_t *out = &r->out;
    unsigned group = group_of(vector);
    const char *id = json_string_value(json_object_get(vector, "id"));
    if (!json_is_object(vector) || !id_good(id)) {
        refuse(r, r->line, 1, "expected an object with an id of at most 63 printable characters");
        return;
    }
    r->vectors++;
    if (r->groups != NULL &&
        (group == GROUPS || fnmatch(r->groups, group_rows[group].name, 0) != 0)) {
        return;
    }
    conform_out_take(out, vector, group < GROUPS ? group_rows[group].name : "");
    conform_suspect_read(out);
    conform_out_start(out, 0);
    if (group == GROUPS) {
        conform_skip(out, "of no group that is known here");
    } else if (!out->malformed && replay_under(out, group, 0) && out->unexplained > 0) {
        replay_again(out, group);
    }
    if (out->exhausted) {
        r->err = VTDPI_ERR_INTERNAL;
    } else if (out->malformed) {
        refuse(r, r->line, 1, out->message);
    } else {
        tell(r, id, group);
    }
}

static bool blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            return false;
        }
    }
    return true;
}

/** Puts what cannot be shown out of [text]. */
static void printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == DELETE) {
            *text = '?';
        }
    }
}

static void line_replay(replay_t *r, const char *line, size_t length)
{
    json_error_t error;
    if (blank(line, length)) {
        return;
    }
    json_t *vector = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (vector != NULL) {
        vector_replay(r, vector);
        json_decref(vector);
    } else if (json_error_code(&error) == json_error_out_of_memory) {
        r->err = VTDPI_ERR_INTERNAL;
    } else {
        printable(error.text);
        refuse(r, r->line, error.column > 0 ? (uint32_t)error.column : 1, error.text);
    }
}

static void lines_replay(replay_t *r)
{
    const char *line;
    size_t length;
    conform_line_t is = CONFORM_LINE;
    while (r->err != VTDPI_ERR_INTERNAL) {
        is = conform_source_next(r->source, &line, &length);
        r->line++;
        if (is == CONFORM_LINE) {
            line_replay(r, line, length);
        } else if (is == CONFORM_LINE_TOO_LONG) {
            refuse(r, r->line, 1, "a line of more than 1 MiB");
        } else {
            break;
        }
    }
    if (is == CONFORM_LINE_FAILED) {
        refuse(r, 0, 0, conform_source_error(r->source));
    } else if (r->err == VTDPI_OK && r->vectors == 0) {
        refuse(r, 0, 0, "holds no vector");
    }
}

/** Malformed lines beyond those that were told. */
static void tell_more(replay_t *r)
{
    if (r->malformed > VTDPI_CONFORM_MALFORMED) {
        vtdpi_position_t place = {.file = r->name};
        vtdpi_diags_add(r->diags, place, NULL, "%" PRIu32 " more lines were malformed",
                        r->malformed - (uint32_t)VTDPI_CONFORM_MALFORMED);
    }
}

/** Replays the lines of [source], which ends here. */
static vtdpi_err_t source_replay(replay_t *r, conform_source_t *source)
{
    r->source = source;
    lines_replay(r);
    tell_more(r);
    conform_source_close(source);
    vtdpi_err_t err = vtdpi_diags_failed(r->diags) ? VTDPI_ERR_INTERNAL : r->err;
    free(r);
    return err;
}

static replay_t *replay_new(const char *name, vtdpi_conform_listener_t *listener, void *context,
                            vtdpi_diags_t *diags)
{
    replay_t *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->name = name;
        r->listener = listener;
        r->context = context;
        r->diags = diags;
    }
    return r;
}

vtdpi_err_t vtdpi_conform_file(const char *path, const char *groups,
                               vtdpi_conform_listener_t *listener, void *context,
                               vtdpi_diags_t *diags)
{
    replay_t *r = replay_new(path, listener, context, diags);
    if (r == NULL) {
        return VTDPI_ERR_INTERNAL;
    }
    conform_source_t *source = conform_source_file(path);
    if (source == NULL) {
        int why = errno;
        refuse(r, 0, 0, strerror(why));
        free(r);
        return why == ENOMEM || vtdpi_diags_failed(diags) ? VTDPI_ERR_INTERNAL : VTDPI_ERR_INPUT;
    }
    r->groups = groups;
    return source_replay(r, source);
}

vtdpi_err_t vtdpi_conform_text(const char *text, size_t length, const char *name,
                               vtdpi_conform_listener_t *listener, void *context,
                               vtdpi_diags_t *diags)
{
    replay_t *r = replay_new(name, listener, context, diags);
    conform_source_t *source = r != NULL ? conform_source_text(text, length) : NULL;
    if (source == NULL) {
        free(r);
        return VTDPI_ERR_INTERNAL;
    }
    return source_replay(r, source);
}
