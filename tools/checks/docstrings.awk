# A comment directly above each public function: prints file:line of every VTDPI_API prototype without one.
FNR == 1 { above = "" }
/^VTDPI_API/ && above !~ /\*\/[ \t]*$/ { print FILENAME ":" FNR ": no docstring above: " $0; bad = 1 }
{ above = $0 }
END { exit bad }
