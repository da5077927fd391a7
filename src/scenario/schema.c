/* The JSON Schema of scenario files, for editors: one definition a section of keys.def. */
#include "vtdpi/scenario_io.h"

#include "scenario/keys.h"

#include <inttypes.h>
#include <string.h>

#define NUMBER_PATTERN "^[0-9]+(\\\\.[0-9]+)? *"

static const char time_pattern[] = NUMBER_PATTERN "(ps|ns|us|ms|s)$";
static const char span_pattern[] = NUMBER_PATTERN "(ps|ns|us|ms|s|cyc)$";
static const char frequency_pattern[] = NUMBER_PATTERN "(Hz|kHz|MHz|GHz)$";

static const char expects_schema[] =
    "\"type\": \"array\", \"items\": {\"type\": \"object\", "
    "\"additionalProperties\": {\"type\": [\"number\", \"string\"]}}";

static void json_escape(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(*c, out);
    }
}

static void json_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    json_escape(out, text);
    (void)fputc('"', out);
}

static void schema_pattern(FILE *out, const char *pattern)
{
    (void)fprintf(out, "\"type\": \"string\", \"pattern\": \"%s\"", pattern);
}

static void schema_enum(FILE *out, names_t names)
{
    (void)fputs("\"enum\": [", out);
    for (uint32_t i = 0; vtdpi_name(names, i) != NULL; i++) {
        if (vtdpi_name_index(names, vtdpi_name(names, i)) == i) {
            (void)fprintf(out, "%s\"%s\"", i == 0 ? "" : ", ", vtdpi_name(names, i));
        }
    }
    (void)fputc(']', out);
}

static void schema_values(FILE *out, const key_row_t *row)
{
    const char *id = vtdpi_section((section_id_t)row->argument).id;
    (void)fputs("\"type\": \"object\", \"additionalProperties\": false, \"properties\": {", out);
    for (uint32_t i = 0; vtdpi_name(NAMES_TIMING, i) != NULL; i++) {
        (void)fprintf(out,
                      "%s\"%s\": {\"$ref\": \"#/$defs/%s\", \"description\": ", i == 0 ? "" : ", ",
                      vtdpi_name(NAMES_TIMING, i), id);
        json_text(out, vtdpi_name_doc(NAMES_TIMING, i));
        (void)fputc('}', out);
    }
    (void)fputc('}', out);
}

static void schema_container(FILE *out, const key_row_t *row)
{
    if (row->type == TYPE_MAP) {
        (void)fprintf(out, "\"$ref\": \"#/$defs/%s\"",
                      vtdpi_section((section_id_t)row->argument).id);
    } else if (row->type == TYPE_LIST) {
        (void)fprintf(out,
                      "\"type\": \"array\", \"minItems\": %" PRIu64 ", \"maxItems\": %" PRIu64
                      ", \"items\": {\"$ref\": \"#/$defs/%s\"}",
                      row->min, row->max, vtdpi_section((section_id_t)row->argument).id);
    } else if (row->type == TYPE_NAMES) {
        (void)fputs("\"type\": \"array\", \"uniqueItems\": true, \"items\": {", out);
        schema_enum(out, (names_t)row->argument);
        (void)fputc('}', out);
    } else if (row->type == TYPE_VALUES) {
        schema_values(out, row);
    }
}

/* What a single value may be; NULL: it is no text with a pattern. */
static const char *pattern_of(key_type_t type)
{
    static const char *const patterns[TYPE_COUNT] = {
        [TYPE_NAME] = "^[a-z0-9_-]+$",
        [TYPE_TIME] = time_pattern,
        [TYPE_SPAN] = span_pattern,
        [TYPE_CLOCK] = frequency_pattern,
        [TYPE_RATE] = frequency_pattern,
        [TYPE_VCPU] = "^[a-z0-9_-]+/[0-9]+$",
        [TYPE_INTERRUPT] = "^[a-z0-9_-]+/[0-9]+$",
        [TYPE_REQUESTER] = "^[0-9a-fA-F]{2}:[01][0-9a-fA-F]\\\\.[0-7]$",
    };
    return patterns[type];
}

/* A schema that is the same for each row of the type; NULL: it is not. */
static const char *fixed_of(key_type_t type)
{
    static const char *const texts[TYPE_COUNT] = {
        [TYPE_BOOL] = "\"type\": \"boolean\"",
        [TYPE_NOTHING] = "\"type\": \"null\"",
        [TYPE_EXPECTS] = expects_schema,
    };
    return texts[type];
}

static void schema_integer(FILE *out, const key_row_t *row)
{
    (void)fprintf(out, "\"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64,
                  row->min, row->max);
}

static void schema_number(FILE *out, const key_row_t *row)
{
    if (row->type == TYPE_CPUSET) {
        (void)fputs("\"type\": \"array\", \"uniqueItems\": true, \"items\": {", out);
        schema_integer(out, row);
        (void)fputc('}', out);
    } else if (row->type == TYPE_CPU) {
        (void)fputs("\"anyOf\": [{\"const\": \"next\"}, {", out);
        schema_integer(out, row);
        (void)fputs("}]", out);
    } else {
        schema_integer(out, row);
    }
}

/* What a value may be, as members of a schema object. */
static void schema_value(FILE *out, const key_row_t *row)
{
    if (pattern_of(row->type) != NULL) {
        schema_pattern(out, pattern_of(row->type));
    } else if (fixed_of(row->type) != NULL) {
        (void)fputs(fixed_of(row->type), out);
    } else if (row->type == TYPE_TEXT) {
        (void)fprintf(out,
                      "\"type\": \"string\", \"minLength\": %" PRIu64 ", \"maxLength\": %" PRIu64,
                      row->min, row->max);
    } else if (row->type == TYPE_NAME_OF) {
        schema_enum(out, (names_t)row->argument);
    } else if (row->type == TYPE_TIMES) {
        (void)fputs("\"type\": \"array\", \"items\": {", out);
        schema_pattern(out, time_pattern);
        (void)fputc('}', out);
    } else if (row->type == TYPE_UINT || row->type == TYPE_CPU || row->type == TYPE_CPUSET) {
        schema_number(out, row);
    } else {
        schema_container(out, row);
    }
}

/* The default where it is the same in JSON as in YAML, or a text. */
static void schema_default(FILE *out, const key_row_t *row)
{
    if (row->default_ == NULL || vtdpi_key_is_optional(row)) {
        return;
    }
    bool empty = strcmp(row->default_, "[]") == 0 || strcmp(row->default_, "{}") == 0 ||
                 row->default_[0] == '"';
    bool literal = row->type == TYPE_UINT || row->type == TYPE_BOOL || empty;
    if (literal) {
        (void)fprintf(out, ", \"default\": %s", row->default_);
    } else if (row->default_[0] != '[' && row->default_[0] != '{') {
        (void)fputs(", \"default\": ", out);
        json_text(out, row->default_);
    }
}

static void schema_property(FILE *out, const key_row_t *row)
{
    (void)fprintf(out, "        \"%s\": {", row->name);
    schema_value(out, row);
    (void)fputs(", \"description\": \"", out);
    json_escape(out, row->doc);
    if (row->example[0] != '\0') {
        (void)fputs(" Example: ", out);
        json_escape(out, row->example);
    }
    (void)fputc('"', out);
    schema_default(out, row);
    (void)fputc('}', out);
}

static void schema_required(FILE *out, section_t section)
{
    const char *comma = "";
    (void)fputs("      \"required\": [", out);
    for (uint32_t i = 0; i < section.count; i++) {
        if (section.keys[i].default_ == NULL) {
            (void)fprintf(out, "%s\"%s\"", comma, section.keys[i].name);
            comma = ", ";
        }
    }
    (void)fputc(']', out);
}

/* Exactly one of the choices. */
static void schema_choices(FILE *out, section_t section)
{
    bool any = false;
    for (uint32_t i = 0; i < section.count; i++) {
        if (section.keys[i].role == ROLE_CHOICE) {
            (void)fprintf(out, "%s{\"required\": [\"%s\"]}", any ? ", " : ",\n      \"oneOf\": [",
                          section.keys[i].name);
            any = true;
        }
    }
    if (any) {
        (void)fputc(']', out);
    }
}

static void schema_section(FILE *out, section_id_t id)
{
    section_t section = vtdpi_section(id);
    (void)fprintf(out, "%s    \"%s\": {\n      \"description\": ", id == 0 ? "" : ",\n",
                  section.id);
    json_text(out, section.doc);
    if (section.shorthand != NULL) {
        (void)fputs(",\n      \"anyOf\": [{", out);
        schema_value(out, vtdpi_key_find(id, section.shorthand));
        (void)fputs("}, {", out);
    } else {
        (void)fputs(",", out);
    }
    (void)fputs("\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      "
                "\"properties\": {\n",
                out);
    for (uint32_t i = 0; i < section.count; i++) {
        schema_property(out, &section.keys[i]);
        (void)fputs(i + 1 < section.count ? ",\n" : "\n      },\n", out);
    }
    schema_required(out, section);
    schema_choices(out, section);
    (void)fputs(section.shorthand != NULL ? "\n      }]\n    }" : "\n    }", out);
}

vtdpi_err_t vtdpi_schema_write(FILE *out)
{
    (void)fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n", out);
    (void)fputs("  \"$comment\": \"Generated from src/scenario/keys.def; format 1.\",\n", out);
    (void)fputs(
        "  \"title\": \"vtdpi scenario\",\n  \"$ref\": \"#/$defs/scenario\",\n  \"$defs\": {\n",
        out);
    for (section_id_t id = 0; id < SECTION_COUNT; id++) {
        schema_section(out, id);
    }
    (void)fputs("\n  }\n}\n", out);
    return ferror(out) != 0 ? VTDPI_ERR_INTERNAL : VTDPI_OK;
}
