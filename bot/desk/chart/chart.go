// Package chart draws the statistics of the desk.
package chart

import (
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/go-analyze/charts"

	"signdesk/bot/desk"
)

const family = "signdesk"

var install sync.Once

// A series is one part of each bar.
type series struct {
	name   string
	colour charts.Color
	of     func(desk.Tally) int
}

// parts are those of a bar, from the bottom. Their colours differ in brightness
// too.
var parts = []series{
	{"确认有用", charts.ColorFromHex("#1a7f4b"), func(t desk.Tally) int { return t.Confirmed }},
	{"未知", charts.ColorFromHex("#b9c2cc"), func(t desk.Tally) int { return t.Unknown }},
	{"转人工", charts.ColorFromHex("#f0a030"), func(t desk.Tally) int { return t.Handed }},
	{"没解决", charts.ColorFromHex("#c0392b"), func(t desk.Tally) int { return t.Failed }},
}

const width, height = 1000, 560 // pixels

// Draw returns a PNG with a bar for each day. The font, a TrueType one, must have
// Chinese characters.
func Draw(s desk.Stats, font func() ([]byte, error)) ([]byte, error) {
	var err error
	install.Do(func() {
		var raw []byte
		if raw, err = font(); err == nil {
			err = charts.InstallFont(family, raw)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("chart: font: %w", err)
	}
	face := charts.GetFont(family)
	data := make([][]float64, len(parts))
	var names, dates []string
	var colours []charts.Color
	for i, p := range parts {
		names, colours = append(names, p.name), append(colours, p.colour)
		for _, d := range s.Days {
			data[i] = append(data[i], float64(p.of(d.Tally)))
		}
	}
	for _, d := range s.Days {
		dates = append(dates, d.Date)
	}
	stacked := true
	o := charts.NewBarChartOptionWithData(data)
	o.StackSeries = &stacked
	o.Theme = charts.GetTheme(charts.ThemeLight).WithSeriesColors(colours)
	o.Padding = charts.NewBoxEqual(24)
	o.Title = charts.TitleOption{Text: fmt.Sprintf("每天的提问（共 %d 个）", s.All.Asked), FontStyle: charts.FontStyle{Font: face, FontSize: 18}}
	o.Legend = charts.LegendOption{SeriesNames: names, FontStyle: charts.FontStyle{Font: face, FontSize: 13}, Offset: charts.OffsetRight}
	o.CategoryAxis.Labels = dates
	o.ValueFormatter = func(v float64) string { // there are no half questions
		if v != math.Trunc(v) {
			return ""
		}
		return strconv.Itoa(int(v))
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: width, Height: height, Font: face})
	if err := p.BarChart(o); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	raw, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return raw, nil
}
