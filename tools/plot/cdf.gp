# Cumulative distribution of the latency. Set in front of this: data, picture, runs, titles, xmin, xmax, marks, terminal, output.
array colours[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#000000', '#999933']
set datafile separator comma
set datafile columnheaders
set title 'Interrupt latency: from the device''s write to the first instruction of the guest''s handler'
set xlabel 'latency (ns, logarithmic)'
set ylabel 'fraction of interrupts not later'
set logscale x
eval 'set xtics ('.marks.')'
set xrange [xmin:xmax]
set yrange [0:1.02]
set grid xtics ytics linecolor rgb '#DDDDDD'
set border 3
set tics nomirror
set key bottom right width 1 reverse Left box linecolor rgb '#CCCCCC'
plot for [i=1:runs] data \
    using (strcol('run') eq titles[i] ? column('latency_ns') : NaN):(column('fraction')) \
    with steps linewidth 2.5 dashtype i linecolor rgb colours[i] title titles[i]
