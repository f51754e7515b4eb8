package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// charts draws bars of the CPU per message for each broker, and a line chart for each curve. It returns the files.
func (r *report) charts() (files []string, err error) {
	for _, broker := range []string{real, memory} {
		for _, w := range []string{"produce", "consume"} {
			name := fmt.Sprintf("cpu-%s-%s.svg", w, strings.ToLower(strings.ReplaceAll(broker, " ", "-")))
			drawn, err := r.bars(filepath.Join(r.dir, name), broker, w)
			if err != nil {
				return nil, err
			}
			if drawn {
				files = append(files, name)
			}
		}
	}
	for _, curve := range curveNames() {
		name := "curve-" + strings.ReplaceAll(curve, " ", "-") + ".svg"
		ok, err := r.curve(filepath.Join(r.dir, name), curve)
		if err != nil {
			return nil, err
		}
		if ok {
			files = append(files, name)
		}
	}
	return files, nil
}

// colorOf is the colour of a library in all charts.
func colorOf(lib string) color.Color {
	return plotutil.Color(slices.IndexFunc(libraries, func(l Library) bool { return l.Name == lib }))
}

func (r *report) bars(file, broker, kind string) (bool, error) {
	var shown []*Result
	var names []string
	for _, row := range rows() {
		result := r.find(row.Name, broker)
		if result == nil || row.Curve != "" || !strings.HasPrefix(row.Work, kind) || result.Job.Bytes > 1<<10 {
			continue
		}
		shown = append(shown, result)
		names = append(names, strings.TrimPrefix(strings.TrimPrefix(row.Name, kind+" "), "100 B, "))
	}
	if len(shown) == 0 {
		return false, nil
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s, %s: less is better", kind, broker)
	p.X.Label.Text = "CPU seconds per million messages"
	p.Legend.Top = true
	slices.Reverse(shown) // the first at the top
	slices.Reverse(names)
	const width = 5
	for i, lib := range libraries {
		values := make(plotter.Values, len(shown))
		any := false
		for k, result := range shown {
			if v := result.median(lib.Name, work.CPU); !math.IsNaN(v) {
				values[k], any = v, true
			}
		}
		if !any {
			continue
		}
		bar, err := plotter.NewBarChart(values, vg.Points(width))
		if err != nil {
			return false, err
		}
		bar.Horizontal = true
		bar.Color = colorOf(lib.Name)
		bar.LineStyle.Width = 0
		bar.Offset = vg.Points(width * (float64(len(libraries)-1)/2 - float64(i)))
		p.Add(bar)
		p.Legend.Add(lib.Name, bar)
	}
	p.NominalY(names...)
	p.X.Min = 0
	height := vg.Length(len(shown))*vg.Points(width*float64(len(libraries)+2)) + 3*vg.Centimeter
	return true, p.Save(20*vg.Centimeter, height, file)
}

// curve draws how a cost grows, both axes logarithmic.
func (r *report) curve(file, curve string) (bool, error) {
	c := curveCost(curve)
	p := plot.New()
	p.Title.Text = curve
	p.X.Label.Text, p.Y.Label.Text = strings.Fields(curve)[2], c.title
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	found := false
	for _, lib := range libraries {
		points := r.points(curve, lib.Name)
		if len(points) < 2 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return false, err
		}
		line.Color, dots.Color = colorOf(lib.Name), colorOf(lib.Name)
		p.Add(line, dots)
		p.Legend.Add(lib.Name, line, dots)
		found = true
	}
	if !found {
		return false, nil
	}
	return true, p.Save(16*vg.Centimeter, 10*vg.Centimeter, file)
}
