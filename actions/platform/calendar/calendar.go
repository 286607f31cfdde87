// Package calendar knows the working days of mainland China and the hours of
// the hotline.
//
// Statutory holidays and make-up working days come from the HolidayUtil table
// of github.com/6tail/lunar-go (v1.4.6: 2002 to 2026, as published by the State
// Council each November). A date outside the table is [ErrUnknownYear]: which
// weekends of such a year are worked cannot be guessed. All functions are pure
// and may be called concurrently.
package calendar

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// Shanghai is the time of the platform's users. (China has kept UTC+8 without
// daylight-saving time since 1992, so no time-zone database is needed.)
var Shanghai = time.FixedZone("CST", 8*60*60)

// ErrUnknownYear means that the holidays of a year are not known.
var ErrUnknownYear = errors.New("calendar: holidays of this year are not known")

const dateForm = "2006-01-02"

// day tells of a date that deviates from the week: a holiday or a weekend that
// is worked.
type day struct{ worked bool }

// days holds the deviating dates of the years known.
var days = sync.OnceValue(func() map[string]day {
	known := make(map[string]day)
	for year := 2002; ; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		if list.Len() == 0 {
			return known
		}
		for e := list.Front(); e != nil; e = e.Next() {
			h := e.Value.(*HolidayUtil.Holiday)
			known[h.GetDay()] = day{h.IsWork()}
		}
		known[yearKey(year)] = day{}
	}
})

func yearKey(year int) string { return fmt.Sprint("year ", year) }

// Known reports whether the holidays of the year are known.
func Known(year int) bool {
	_, ok := days()[yearKey(year)]
	return ok
}

// IsWorkingDay reports whether the date of t in Shanghai is a working day. The
// error is ErrUnknownYear.
func IsWorkingDay(t time.Time) (bool, error) {
	t = t.In(Shanghai)
	if !Known(t.Year()) {
		return false, fmt.Errorf("%d: %w", t.Year(), ErrUnknownYear)
	}
	if d, ok := days()[t.Format(dateForm)]; ok {
		return d.worked, nil
	}
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday, nil
}

// AddWorkingDays returns the same time of day n working days after t. The error
// is ErrUnknownYear.
func AddWorkingDays(t time.Time, n int) (time.Time, error) {
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		works, err := IsWorkingDay(t)
		if err != nil {
			return time.Time{}, err
		}
		if works {
			n--
		}
	}
	return t, nil
}

// StartOfDay returns 00:00 of the date of t in Shanghai.
func StartOfDay(t time.Time) time.Time {
	t = t.In(Shanghai)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Shanghai)
}

// Hours of the hotline: working days 9:00-21:00 (R19.3), other days 9:00-18:00
// (R19.4); the closing hour itself is closed.
const (
	openHour         = 9
	closeWorkingHour = 21
	closeHolidayHour = 18
)

// Hours tells of the hotline at some instant.
type Hours struct {
	Open   bool
	Change time.Time // when it closes if it is open, when it opens next if not
}

// HotlineAt tells whether the hotline is open at t. The error is ErrUnknownYear.
func HotlineAt(t time.Time) (Hours, error) {
	start := StartOfDay(t)
	works, err := IsWorkingDay(t)
	if err != nil {
		return Hours{}, err
	}
	end := closeHolidayHour
	if works {
		end = closeWorkingHour
	}
	opens, closes := start.Add(openHour*time.Hour), start.Add(time.Duration(end)*time.Hour)
	switch {
	case t.Before(opens):
		return Hours{Change: opens}, nil
	case t.Before(closes):
		return Hours{Open: true, Change: closes}, nil
	}
	return Hours{Change: opens.AddDate(0, 0, 1)}, nil
}

// Served returns how much of the hotline's hours lies between two instants. The
// error is ErrUnknownYear.
func Served(from, to time.Time) (sum time.Duration, err error) {
	for from.Before(to) {
		h, err := HotlineAt(from)
		if err != nil {
			return 0, err
		}
		next := h.Change
		if next.After(to) {
			next = to
		}
		if h.Open {
			sum += next.Sub(from)
		}
		from = next
	}
	return sum, nil
}
