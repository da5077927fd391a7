# Reads the tags in comments of C code, and what each stands beside:
#   @rule id | document | section title | paraphrase    beside the code that implements a clause of a manual
#   @shows id, id                                       above the test that shows it
# A tag may wrap over lines and ends at the next "@", at an empty line of the comment or at its end. It belongs to the next
# function, declaration, macro or table row after the comment; inside a function or table to that; above an #include to the
# file. House format is relied on: what is at the margin is a declaration, a line "{" opens a function, a line that begins
# with "}" closes.
#
# Leaves: tag_count; and for each tag tag_kind[i], tag_text[i], tag_file[i], tag_line[i], tag_beside[i] ("" if nothing),
# tag_whole[i] (1: beside a file).
# conformance.awk uses it.

function tag_fault(file, line, text) {
    faults[++fault_count] = file ":" line ": " text
}

function trim(text) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return text
}

# The last C identifier of text.
function last_word(text) {
    gsub(/[^A-Za-z0-9_]+/, " ", text)
    text = trim(text)
    sub(/.* /, "", text)
    return text
}

# A table row: its first argument that is a name; a field is "structure.field".
function row_name(text, part, count, i) {
    sub(/^[^(]*\(/, "", text)
    count = split(text, part, /[,)]/)
    for (i = 1; i <= count; i++)
        part[i] = trim(part[i])
    if (declaration ~ /^VTDPI_FIELD\(/)
        return part[1] "." part[2]
    for (i = 1; i <= count; i++)
        if (part[i] ~ /^[A-Za-z_]/)
            return part[i]
    return ""
}

# The name that a declaration declares.
function declared(text) {
    if (text ~ /^[A-Z][A-Z0-9_]*\(/)
        return row_name(text)
    if (text ~ /^(typedef )?(enum|struct|union) [A-Za-z_][A-Za-z0-9_]* *\{/ || text ~ /^(enum|struct|union) [A-Za-z_0-9]+;/) {
        sub(/ *[{;].*/, "", text)
        return last_word(text)
    }
    if (text ~ /^enum *\{/) { # without a name: its first constant
        sub(/^enum *\{ */, "", text)
        sub(/[ ,=}].*/, "", text)
        return text
    }
    if (text ~ /^typedef/) {
        sub(/;.*/, "", text)
        return last_word(text)
    }
    sub(/[(=;[].*/, "", text) # a function, a table, a variable
    return last_word(text)
}

function give_names(name, i) {
    for (i = 1; i <= waiting_count; i++)
        tag_beside[waiting[i]] = name
    waiting_count = 0
}

# The tags of a file's first comment are the file's: its name without folder and ending.
function give_file(i, name) {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\..*/, "", name)
    for (i = 1; i <= waiting_count; i++)
        tag_whole[waiting[i]] = 1
    give_names(name)
}

function tag_open(kind) {
    open_tag = ++tag_count
    tag_kind[open_tag] = kind
    tag_file[open_tag] = FILENAME
    tag_line[open_tag] = FNR
    tag_text[open_tag] = ""
    tag_beside[open_tag] = ""
    if (inside != "")
        tag_beside[open_tag] = inside
    else
        waiting[++waiting_count] = open_tag
}

# A line's worth of comment.
function comment_text(text, at, word) {
    sub(/^[ \t]*\**[ \t<]*/, "", text)
    if (text ~ /^[ \t]*$/)
        open_tag = 0
    while ((at = index(text, "@")) > 0) {
        if (open_tag)
            tag_text[open_tag] = tag_text[open_tag] " " substr(text, 1, at - 1)
        open_tag = 0
        text = substr(text, at + 1)
        word = text
        sub(/[^a-z].*/, "", word)
        if (word == "rule" || word == "shows") {
            tag_open(word)
            text = substr(text, length(word) + 1)
        } else if (word ~ /^(rul|show)/) {
            tag_fault(FILENAME, FNR, "tag @" word ", expected @rule or @shows")
        }
    }
    if (open_tag)
        tag_text[open_tag] = tag_text[open_tag] " " text
}

# What is at the margin outside functions, line by line, until a declaration is whole.
function top_level(text, opened, closed) {
    if (text ~ /^[ \t]*$/ || text ~ /^extern "" *\{/)
        return
    if (text ~ /^#/) {
        if (text ~ /^# *include/ && waiting_count > 0)
            give_file()
        if (text ~ /^# *define/ && waiting_count > 0) {
            sub(/^# *define */, "", text)
            sub(/[^A-Za-z0-9_].*/, "", text)
            give_names(text)
        }
        return
    }
    if (text ~ /^\{/) {
        inside = declared(declaration)
        give_names(inside)
        return
    }
    declaration = trim(declaration " " text)
    opened = gsub(/[({]/, "&", text)
    closed = gsub(/[)}]/, "&", text)
    balance += opened - closed
    if (text ~ /\{ *$/) { # a table, an enumeration or a structure, that goes on
        inside = declaration ~ /^typedef/ && declared(declaration) == "" ? "?" : declared(declaration)
        if (declaration ~ /^typedef (enum|struct|union) *\{/)
            inside = "?"
        if (inside == "")
            inside = "?"
        give_names(inside)
        return
    }
    if (text ~ /; *$/ || (FILENAME ~ /\.def$/ && balance == 0 && text ~ /\) *$/)) {
        give_names(declared(declaration))
        declaration = ""
        balance = 0
    }
}

# The end of what is inside: a type without a name in front has it behind.
function closes(text, i, name) {
    name = inside
    if (inside == "?") {
        sub(/;.*/, "", text)
        name = text ~ /[A-Za-z]/ ? last_word(text) : ""
        if (name == "")
            name = first_constant
        for (i = 1; i <= tag_count; i++)
            if (tag_file[i] == FILENAME && tag_beside[i] == "?")
                tag_beside[i] = name
    }
    inside = declaration = first_constant = ""
    balance = 0
}

function code_text(text) {
    if (continued) {
        continued = text ~ /\\$/
        return
    }
    continued = text ~ /^#.*\\$/
    if (inside == "") {
        top_level(text)
    } else if (text ~ /^}/) {
        closes(text)
    } else if (inside == "?" && first_constant == "" && text ~ /[A-Za-z]/) {
        first_constant = trim(text)
        sub(/[^A-Za-z0-9_].*/, "", first_constant)
    }
}

function file_ends() {
    if (in_comment)
        tag_fault(file, last_line, "a comment without an end")
    waiting_count = open_tag = in_comment = continued = balance = 0
    inside = declaration = first_constant = ""
}

FNR == 1 {
    if (file != "")
        file_ends()
    file = FILENAME
}

# Divides each line in comment and code; what is quoted in code is no comment.
{
    last_line = FNR
    rest = $0
    code = ""
    while (rest != "" || in_comment) {
        if (in_comment) {
            end = index(rest, "*/")
            comment_text(end ? substr(rest, 1, end - 1) : rest)
            if (!end)
                break
            in_comment = open_tag = 0
            rest = substr(rest, end + 2)
        } else if (match(rest, /\/\*|"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/)) {
            code = code substr(rest, 1, RSTART - 1)
            quoted = substr(rest, RSTART, 1)
            if (quoted == "/")
                in_comment = 1
            else
                code = code quoted quoted
            rest = substr(rest, RSTART + RLENGTH)
            if (in_comment && rest == "")
                break
        } else {
            code = code rest
            rest = ""
        }
    }
    sub(/[ \t]+$/, "", code)
    code_text(code)
}
