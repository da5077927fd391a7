#include "scenario/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *reason_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "no such file";
    case EACCES:
        return "not allowed to read it";
    default:
        return "cannot be opened";
    }
}

static bool is_usable(const char *path, size_t max, size_t *size, const char **why)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        *why = reason_of(errno);
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        *why = "not a regular file";
        return false;
    }
    *size = (size_t)status.st_size;
    if (*size > max) {
        *why = "too large";
        return false;
    }
    return true;
}

char *vtdpi_file_read(vtdpi_arena_t *arena, const char *path, size_t max, size_t *length,
                      const char **why)
{
    size_t size = 0;
    if (!is_usable(path, max, &size, why)) {
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        *why = reason_of(errno);
        return NULL;
    }
    char *text = vtdpi_arena_alloc(arena, size + 1, 1);
    *length = text == NULL ? 0 : fread(text, 1, size, file);
    bool failed = text == NULL || ferror(file) != 0;
    (void)fclose(file);
    *why = "reading failed";
    return failed ? NULL : text;
}

char *vtdpi_file_beside(vtdpi_arena_t *arena, const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    if (name[0] == '/' || slash == NULL) {
        return vtdpi_arena_text(arena, name, strlen(name));
    }
    size_t folder = (size_t)(slash - from) + 1;
    char *path = vtdpi_arena_alloc(arena, folder + strlen(name) + 1, 1);
    if (path != NULL) {
        memcpy(path, from, folder);
        memcpy(path + folder, name, strlen(name));
    }
    return path;
}
