# Histogram of the latency. Set in front of this: data, picture, runs, titles, xmin, xmax, marks, terminal, output.
array colours[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#000000', '#999933']
set datafile separator comma
set datafile columnheaders
set title 'Interrupt latency: from the device''s write to the first instruction of the guest''s handler'
set xlabel 'latency (ns, logarithmic; bins an eighth of an octave wide)'
set ylabel 'interrupts in the bin (%)'
set logscale x
eval 'set xtics ('.marks.')'
set xrange [xmin:xmax]
set yrange [0:*]
set grid xtics ytics linecolor rgb '#DDDDDD'
set border 3
set tics nomirror
set style fill transparent solid 0.45 border
set key top right width 1 reverse Left box linecolor rgb '#CCCCCC'
plot for [i=1:runs] data \
    using (strcol('run') eq titles[i] ? column('low_ns') : NaN):(0):(column('low_ns')):(column('high_ns')):(0):(column('percent')) \
    with boxxyerror linewidth 1 linecolor rgb colours[i] title titles[i]
