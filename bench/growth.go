package main

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// curveNames are the names of all curves.
func curveNames() (names []string) {
	for _, row := range rows() {
		if row.Curve != "" && !slices.Contains(names, row.Curve) {
			names = append(names, row.Curve)
		}
	}
	return names
}

// curveCost is the cost that a curve shows: memory of idle clients, CPU of all others.
func curveCost(curve string) column {
	if strings.HasPrefix(curve, "memory ") {
		return column{work.Memory, "peak memory, MB", 1e-6, 0}
	}
	return column{work.CPU, "CPU seconds per million messages", 1, 2}
}

// points are what was measured of a library on a curve, as it is shown.
func (r *report) points(curve, lib string) (points plotter.XYs) {
	c := curveCost(curve)
	for _, row := range rows() {
		if row.Curve != curve {
			continue
		}
		if result := r.find(row.Name, memory); result != nil {
			if v := result.median(lib, c.metric); v > 0 {
				points = append(points, plotter.XY{X: row.X, Y: v * c.factor})
			}
		}
	}
	return points
}

// growth is the table of what the cost grows by from a curve's first point to its last.
func (r *report) growth() string {
	var b strings.Builder
	b.WriteString("| curve | from, to | figure | this library | franz-go | confluent-kafka-go | increase, to confluent-kafka-go |\n| --- | --: | --- | --: | --: | --: | --: |\n")
	for _, curve := range curveNames() {
		own := r.points(curve, ours)
		if len(own) < 2 {
			continue
		}
		c := curveCost(curve)
		span := func(points plotter.XYs) string {
			if len(points) < 2 {
				return "–"
			}
			return fmt.Sprintf("%.*f to %.*f", c.digits, points[0].Y, c.digits, points[len(points)-1].Y)
		}
		theirs := r.points(curve, peer)
		fmt.Fprintf(&b, "| %s | %.0f, %.0f | %s | %s | %s | %s | %s |\n", curve, own[0].X, own[len(own)-1].X, c.title,
			span(own), span(r.points(curve, raw)), span(theirs), grows(own, theirs))
	}
	return b.String()
}

// grows compares what two costs grow by. One that does not grow is fine, whatever the other does.
func grows(own, other plotter.XYs) string {
	if len(other) < 2 {
		return "–"
	}
	increase := func(points plotter.XYs) float64 { return points[len(points)-1].Y - points[0].Y }
	switch a, b := increase(own), increase(other); {
	case a <= 0:
		return "none (met)"
	case b <= 0:
		return "only here (**missed**)"
	default:
		return compare(a, b, 1, false)
	}
}
