# Rules of the manuals, where they are implemented and which tests show them: checks the tags that tags.awk reads, or
# prints docs/conformance.md. Usage: awk -v mode=check|page -f tags.awk -f conformance.awk FILE...
# mode=check prints file:line and what was expected; exit status 1 if there is anything.

BEGIN {
    # Documents, in the order of the page: the name in tags, and what it is.
    document_row("VT-d", "Virtualization Technology for Directed I/O, Architecture Specification")
    document_row("SDM 2", "Software Developer's Manual, volume 2: instructions")
    document_row("SDM 3A", "Software Developer's Manual, volume 3A: memory ordering, interrupts, local APIC")
    document_row("SDM 3B", "Software Developer's Manual, volume 3B")
    document_row("SDM 3C", "Software Developer's Manual, volume 3C: VMX, APIC virtualization")
    document_row("SDM 3D", "Software Developer's Manual, volume 3D: appendices of VMX")
    document_row("82093AA", "82093AA I/O APIC, data sheet")
    document_row("PCI", "PCI and PCI Express specifications")
}

function document_row(name, title) {
    document[++document_count] = name
    document_title[name] = title
}

function smaller(a, b) {
    return a < b ? a : b
}

# Number of letters to insert, delete or replace to make b of a.
function distance(a, b, row, above, left, i, j, m, n) {
    m = length(a)
    n = length(b)
    for (j = 0; j <= n; j++)
        row[j] = j
    for (i = 1; i <= m; i++) {
        above = row[0]
        row[0] = i
        for (j = 1; j <= n; j++) {
            left = smaller(row[j], row[j - 1]) + 1
            left = smaller(left, above + (substr(a, i, 1) != substr(b, j, 1)))
            above = row[j]
            row[j] = left
        }
    }
    return row[n]
}

# The key of list that is nearest to word.
function nearest(word, list, key, best, least, d) {
    best = ""
    least = 999
    for (key in list) {
        d = distance(word, key)
        if (d < least || (d == least && key < best)) {
            least = d
            best = key
        }
    }
    return best
}

function fault(i, text) {
    tag_fault(tag_file[i], tag_line[i], text)
}

function is_id(text) {
    return text ~ /^(vtd|sdm|pci)(\.[a-z0-9]+(-[a-z0-9]+)*)+$/
}

# The words in capitals of a title.
function acronyms(title) {
    gsub(/[A-Za-z]*[a-z][A-Za-z]*/, "", title)
    gsub(/[^A-Z]+/, " ", title)
    return trim(title)
}

# Titles of one document that differ by two letters or less are one title, misspelt; but not "EOI ..." and "IPI ...".
function section_known(i, name, title, key) {
    key = name SUBSEP title
    if (key in section)
        return
    for (other in section) {
        split(other, half, SUBSEP)
        if (half[1] != name || length(title) < 10 || acronyms(half[2]) != acronyms(title))
            continue
        if (tolower(half[2]) == tolower(title) || distance(half[2], title) <= 2)
            fault(i, "section \"" title "\" is spelt \"" half[2] "\" at " section[other])
    }
    section[key] = tag_file[i] ":" tag_line[i]
}

function rule(i, part, id, name, title, text) {
    text = trim(tag_text[i])
    if (split(text, part, /\|/) < 4) {
        fault(i, "@rule with " split(text, part, /\|/) " parts, expected: id | document | section | paraphrase")
        return
    }
    id = trim(part[1])
    name = trim(part[2])
    title = trim(part[3])
    sub(/^[^|]*\|[^|]*\|[^|]*\| */, "", text)
    if (!is_id(id)) {
        fault(i, "id \"" id "\", expected vtd.… or sdm.…: lower-case words with dots and hyphens")
        return
    }
    if (id in rule_tag) {
        fault(i, "rule " id " is at " tag_file[rule_tag[id]] ":" tag_line[rule_tag[id]] " already")
        return
    }
    if (!(name in document_title))
        fault(i, "document \"" name "\", expected one of " document_list())
    if (title == "" || text == "")
        fault(i, "rule " id " has no " (title == "" ? "section title" : "paraphrase"))
    if (text ~ /\*[A-Z][a-z]+:\*/)
        fault(i, "rule " id ": another part of the docstring in the paraphrase; tags go last")
    if (tag_beside[i] == "" || tag_whole[i])
        fault(i, "rule " id " stands beside " (tag_whole[i] ? "a file" : "nothing") ", expected a function, a type or a table row")
    if (tag_file[i] ~ /^tests\//)
        fault(i, "rule " id " in a test, expected it beside the code that implements it")
    section_known(i, name, title)
    rule_tag[id] = i
    rule_document[id] = name
    rule_section[id] = title
    rule_text[id] = text
    ids[++rule_count] = id
}

function document_list(i, text) {
    for (i = 1; i <= document_count; i++)
        text = text (i > 1 ? ", " : "") document[i]
    return text
}

# A test function, or a group of vectors in src/conform/.
function shows(i, part, count, j, name, vectors) {
    name = tag_beside[i]
    vectors = tag_file[i] ~ /^src\/conform\//
    if (tag_file[i] !~ /^tests\// && !vectors)
        fault(i, "@shows outside tests/ and src/conform/, expected it above a test")
    if (name == "" || (!vectors && name !~ /^test_/))
        fault(i, "@shows beside " (name == "" ? "nothing" : name) ", expected a test function below it")
    count = split(trim(tag_text[i]), part, /[ ,]+/)
    if (count == 0)
        fault(i, "@shows without an id")
    for (j = 1; j <= count; j++) {
        if (part[j] == "")
            continue
        if (!(part[j] in rule_tag)) {
            fault(i, "no rule " part[j] (rule_count > 0 ? ", nearest is " nearest(part[j], rule_tag) : ""))
            continue
        }
        if ((part[j], name, tag_file[i]) in shown)
            continue
        shown[part[j], name, tag_file[i]] = 1
        show_id[++show_count] = part[j]
        show_name[show_count] = name
        show_file[show_count] = tag_file[i]
        if (!vectors)
            tested[part[j]] = 1
        if (!vectors && !((name, tag_file[i]) in is_test))
            is_test[name, tag_file[i]] = ++test_count
    }
}

# In place, by insertion: list[1..count].
function sort_list(list, count, i, j, key) {
    for (i = 2; i <= count; i++) {
        key = list[i]
        for (j = i - 1; j >= 1 && list[j] > key; j--)
            list[j + 1] = list[j]
        list[j + 1] = key
    }
}

# Text as a cell of a table.
function cell(text) {
    gsub(/\|/, "\\|", text)
    gsub(/\*/, "\\*", text)
    gsub(/~/, "\\~", text)
    gsub(/</, "\\&lt;", text)
    return text
}

function link(path, text) {
    return "[" text "](../" path ")"
}

# The tests of a rule, by file.
function shown_by(id, list, count, i, part, text, before) {
    count = 0
    for (i = 1; i <= show_count; i++)
        if (show_id[i] == id)
            list[++count] = show_file[i] "\t" show_name[i]
    sort_list(list, count)
    text = before = ""
    for (i = 1; i <= count; i++) {
        split(list[i], part, "\t")
        if (part[1] != before)
            text = text (text == "" ? "" : "<br>") link(part[1], part[1]) ": `" part[2] "`"
        else
            text = text ", `" part[2] "`"
        before = part[1]
    }
    return text == "" ? "–" : text
}

function chosen(id) {
    return rule_text[id] ~ /^Choice:/
}

function print_row(id, text, i) {
    i = rule_tag[id]
    text = rule_text[id]
    if (chosen(id)) {
        sub(/^Choice: */, "", text)
        text = "**Choice:** " cell(text)
    } else {
        text = cell(text)
    }
    printf "| `%s` | %s | `%s` %s | %s |\n", id, text, tag_beside[i], link(tag_file[i], tag_file[i]), shown_by(id)
}

function print_document(name, titles, count, key, half, i, j) {
    count = 0
    for (key in section) {
        split(key, half, SUBSEP)
        if (half[1] == name)
            titles[++count] = half[2]
    }
    if (count == 0)
        return
    sort_list(titles, count)
    print ""
    print "## " name
    for (i = 1; i <= count; i++) {
        print ""
        print "### " titles[i]
        print ""
        print "| rule | what it says | implemented by | shown by |"
        print "| --- | --- | --- | --- |"
        for (j = 1; j <= rule_count; j++)
            if (rule_document[ids[j]] == name && rule_section[ids[j]] == titles[i])
                print_row(ids[j])
    }
}

# Where Markdown puts the heading of a document.
function anchor(name) {
    gsub(/ /, "-", name)
    return tolower(name)
}

function print_totals(i, j, name, rules, choices, all_choices) {
    print "| document | rules | of them chosen |"
    print "| --- | ---: | ---: |"
    for (i = 1; i <= document_count; i++) {
        name = document[i]
        rules = choices = 0
        for (j = 1; j <= rule_count; j++) {
            if (rule_document[ids[j]] != name)
                continue
            rules++
            choices += chosen(ids[j])
        }
        all_choices += choices
        if (rules > 0)
            printf "| [%s](#%s): %s | %d | %d |\n", name, anchor(name), document_title[name], rules, choices
    }
    printf "| together | %d | %d |\n\n", rule_count, all_choices
    printf "%d tests show them.\n", test_count
}

function print_page(i) {
    print "# Conformance"
    print ""
    print "Each row is a clause of a manual: what it says in our words, the code that does it, and the tests that show that it does. **Choice** marks what the manual leaves open and the model decides;"
    print "[decision 0014](decisions/0014-choices-of-the-rules.md) lists the switches. Documents and section titles are cited as in [references.md](references.md)."
    print ""
    print "The page is made by `tools/checks/conformance.sh page` from tags in comments: `@rule id | document | section | paraphrase` beside the code, `@shows id, id` above the test. `tools/check.sh` finds a rule without a"
    print "test, a test of an unknown rule, and a page that is not what the tags say. A clause that has no row is not claimed."
    print ""
    print_totals()
    for (i = 1; i <= document_count; i++)
        print_document(document[i])
}

END {
    file_ends()
    for (i = 1; i <= tag_count; i++)
        if (tag_kind[i] == "rule")
            rule(i)
    sort_list(ids, rule_count)
    for (i = 1; i <= tag_count; i++)
        if (tag_kind[i] == "shows")
            shows(i)
    for (i = 1; i <= rule_count; i++)
        if (!(ids[i] in tested))
            fault(rule_tag[ids[i]], "rule " ids[i] " without a test, expected @shows " ids[i] " above one in tests/")
    if (mode == "page") {
        print_page()
        exit 0
    }
    for (i = 1; i <= fault_count; i++)
        print faults[i]
    exit fault_count > 0
}
