# Each row of include/vtdpi/layout/*.def names the section that it is from: "long English name; section title".
/^VTDPI_[A-Z_]+\(/ { row = ""; open = 1; first = FNR }
open { row = row $0 }
open && /\)[ \t]*$/ {
    open = 0
    if (row !~ /"[^";]+;[^"]*[A-Za-z][^"]*"/) {
        print FILENAME ":" first ": no section title: " row
        bad = 1
    }
}
END { exit bad }
