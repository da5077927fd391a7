# Mean latency by stage, a stacked bar for each run. Set in front of this: data, picture, runs, titles, terminal, output.
# More stages than colours: the second round is hatched.
array colours[9] = ['#332288', '#88CCEE', '#44AA99', '#117733', '#999933', '#DDCC77', '#CC6677', '#882255', '#AA4499']
set datafile separator comma
set datafile columnheaders
stats data skip 1 using 0 nooutput
columns = int(STATS_columns)
set title 'Mean interrupt latency by stage'
set xlabel 'run'
set ylabel 'latency (ns)'
set style data histograms
set style histogram rowstacked
set boxwidth 0.6
set grid ytics linecolor rgb '#DDDDDD'
set border 3
set tics nomirror
set xrange [-0.6:runs - 0.4]
set yrange [0:*]
set key outside right top width 1 reverse Left invert box linecolor rgb '#CCCCCC'
solid = columns < 10 ? columns : 10
plot for [c=2:solid] data using c:xtic(1) linecolor rgb colours[c - 1] fillstyle solid title columnheader(c), \
    for [c=11:columns] data using c:xtic(1) linecolor rgb colours[(c - 2) % 9 + 1] fillstyle pattern 2 \
    title columnheader(c)
