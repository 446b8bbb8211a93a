# SPDX-License-Identifier: GPL-2.0
# data: written by table.awk, one block for each size of pages, named in pages. kernel, unit: for the titles.
set terminal svg noenhanced size 1100,800 font "sans-serif,11" background rgb "white"
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.85 border -1
set boxwidth 1
set grid ytics
set yrange [0:*]
set key outside right top
set ylabel unit." per send / stock MSG_ZEROCOPY"
set xtics rotate by -25 nomirror
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lw 1.5 lc rgb "black" front
set multiplot layout words(pages),1 title "A MSG_ZEROCOPY send and its like on ".kernel
do for [b = 1:words(pages)] {
	set title word(pages, b) eq "4k" ? "4 KiB pages" : "2 MiB pages"
	stats data index b - 1 skip 1 using 0 nooutput
	plot for [i = 2:STATS_columns] data index b - 1 using i:xtic(1) title columnheader(i)
}
unset multiplot
