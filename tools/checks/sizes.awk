# Sizes: functions of at most 60 lines, files of 600, headers of 250. A function is what stands between a line "{" and a
# line "}" (the house format puts both at the margin).
function finish(file, lines, limit) {
    limit = file ~ /\.h$/ ? 250 : 600
    if (lines > limit) {
        print file ": " lines " lines, at most " limit
        bad = 1
    }
}
FNR == 1 {
    if (file != "")
        finish(file, lines)
    file = FILENAME
    opened = 0
}
{ lines = FNR }
/^{$/ { opened = FNR }
/^}$/ && opened {
    if (FNR - opened - 1 > 60) {
        print FILENAME ":" opened ": a function of " FNR - opened - 1 " lines, at most 60"
        bad = 1
    }
    opened = 0
}
END {
    if (file != "")
        finish(file, lines)
    exit bad
}
