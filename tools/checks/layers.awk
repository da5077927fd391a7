# Includes point down only:
#   base < layout < formats < data < op < unit headers < state < platform < system < protocol < src/ < src/engine/timed/
# where formats are the structures that several units read (descriptor, table entry, message), data are the plain tables of a
# scenario and the vocabulary of the log, and only what the hypervisor or a guest executes sees protocol. A unit never includes
# another unit. Usage: awk -f layers.awk -v units="pid iommu ..." layers.allowed FILE...
# layers.allowed holds the exceptions, one a line: includer, included, reason.

# The unit that a public header belongs to: its own name, or what stands before the first underscore.
function owner(name, first) {
    first = name
    sub(/_.*/, "", first)
    return name in unit || !(first in unit) ? name : first
}

function rank(name) {
    if (name == "base")
        return 0
    if (name == "layout")
        return 1
    if (name in format)
        return 1.5
    if (name in data)
        return 1.7
    if (name == "op")
        return 2
    if (name == "system")
        return 4
    if (owner(name) in unit)
        return 3
    if (name == "state") # every unit's state by value
        return 3.2
    if (name == "platform")
        return 3.5
    if (name == "protocol")
        return 4.5
    return name == "vtdpi" ? 6 : 5
}

function complain(reason) {
    if ((FILENAME, target) in allowed)
        return
    print FILENAME ":" FNR ": includes " target ": " reason
    bad = 1
}

BEGIN {
    data["profile"] = data["scenario"] = data["event"] = data["stage"] = data["switches"] = 1
    software["hypervisor"] = software["guest"] = software["device"] = software["cpu"] = 1
    format["pid"] = format["irte"] = format["msi"] = format["controls"] = 1
    count = split(units, list, " ")
    for (i = 1; i <= count; i++)
        unit[list[i]] = 1
}

FILENAME ~ /layers\.allowed$/ {
    if ($1 !~ /^#/)
        allowed[$1, $2] = 1
    next
}

!/^[ \t]*#[ \t]*include[ \t]*[<"]/ { next }

{
    system_header = /</
    target = $0
    sub(/^[^<"]*[<"]/, "", target)
    sub(/[>"].*$/, "", target)
    public = target ~ /^vtdpi\//
    name = target
    sub(/^vtdpi\//, "", name)
    table = name ~ /\.def$/
    sub(/\.h$/, "", name)
}

FILENAME ~ /^include\// {
    self = FILENAME
    sub(/^include\/vtdpi\//, "", self)
    sub(/\.h$/, "", self)
    if (!public && target !~ /^(stdbool|stddef|stdint|string)\.h$/ && (rank(self) != 5 || !system_header))
        complain("a public header needs nothing but the C library's types")
    if (public && !table && rank(self) != 5 && rank(name) >= rank(self) &&
        !(self in format && name in format) && !(self in data && name in data) && !(rank(self) == 3 && owner(self) == owner(name)))
        complain(rank(name) == 3 && rank(self) == 3 ? "units are strangers" : "includes point down only")
    if (public && !table && rank(self) == 5 && rank(name) > 5)
        complain("the umbrella is for programs")
}

FILENAME ~ /^models\// {
    if (system_header && target !~ /^(stdbool|stddef|stdint|string)\.h$/)
        complain("models are pure")
    if (!system_header && !public && target ~ /\//)
        complain("a model includes its own folder and public headers")
    if (FILENAME ~ /^models\/[^\/]*\// && FILENAME !~ /^models\/system\// && public && !table) {
        self = FILENAME
        sub(/^models\//, "", self)
        sub(/\/.*/, "", self)
        if (rank(name) > 2 && owner(name) != self && !(self in software && name == "protocol"))
            complain("units are strangers; " self " has its own header, layout and op")
    }
    if (public && !table && rank(name) >= 5)
        complain("models know nothing of host time")
}

FILENAME ~ /^src\// {
    if (FILENAME ~ /^src\/cli\// && !system_header && !public && target ~ /\//)
        complain("the command is a client of the public interface")
    if (FILENAME !~ /^src\/engine\/timed\// && target ~ /engine\/timed\//)
        complain("only the timed engine knows its inside")
    if (FILENAME !~ /^src\/engine\/timed\/.*\.cpp$/ && target ~ /systemc/)
        complain("only the pump knows SystemC")
    if (target == "yaml.h" && !(FILENAME in reader)) {
        reader[FILENAME] = 1
        if (readers++)
            complain("one file alone includes libyaml")
    }
}

END { exit bad }
