#include "cli.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((format(printf, 1, 0))) static void message(const char *format, va_list arguments)
{
    (void)fflush(stdout);
    (void)fputs("vtdpi: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
}

int cli_bad(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message(format, arguments);
    va_end(arguments);
    return CLI_INPUT;
}

int cli_broken(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message(format, arguments);
    va_end(arguments);
    return CLI_INTERNAL;
}

int cli_code(vtdpi_err_t err)
{
    return err == VTDPI_OK ? CLI_OK : err == VTDPI_ERR_INPUT ? CLI_INPUT : CLI_INTERNAL;
}

void cli_title(const char *path, char *title, size_t size)
{
    static const char suffix[] = ".yaml";
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    if (end - start > sizeof suffix - 1 &&
        memcmp(path + end - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0) {
        end -= sizeof suffix - 1;
    }
    size_t length = end - start < size - 1 ? end - start : size - 1;
    memcpy(title, path + start, length);
    title[length] = '\0';
    for (char *c = title; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == ',' || *c == '"' || *c == '\'' || *c == '\\') {
            *c = '_';
        }
    }
}

bool cli_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int cli_stdout_close(void)
{
    bool failed = ferror(stdout) != 0;
    failed = fclose(stdout) != 0 || failed;
    return failed ? cli_broken("standard output could not be written") : CLI_OK;
}
