//! A figure over the cases of a sweep, as a plot: [`plot`].

use super::output::number;
use super::sweep::{Measure, Row, Spread};
use crate::printed::shown;
use crate::report::table::grouped;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use std::error::Error;
use std::fmt::Write;
use std::ops::Range;

/// The quantity along the horizontal axis of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// The number of masters.
    Masters,
    /// The writes a second.
    Rate,
    /// The probability that a message is lost.
    Loss,
    /// The number of dead masters.
    Dead,
    /// The topologies, side by side.
    Topology,
}

impl Axis {
    /// The first quantity in which the cases differ; the topology if they differ in no other.
    pub fn of(rows: &[Row]) -> Axis {
        let differ = |axis: &Axis| rows.windows(2).any(|two| axis.value(&two[0]) != axis.value(&two[1]));
        [Axis::Masters, Axis::Rate, Axis::Loss, Axis::Dead].into_iter().find(differ).unwrap_or(Axis::Topology)
    }

    fn value(self, row: &Row) -> f64 {
        match self {
            Axis::Masters => f64::from(row.case.masters),
            Axis::Rate => row.case.rate,
            Axis::Loss => row.case.loss * 100.0,
            Axis::Dead => f64::from(row.case.dead),
            Axis::Topology => 0.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Axis::Masters => "masters",
            Axis::Rate => "writes a second",
            Axis::Loss => "messages lost, %",
            Axis::Dead => "dead masters",
            Axis::Topology => "",
        }
    }
}

const WIDTH: u32 = 760;
const HEIGHT: u32 = 420;
/// The room to the right of the plot, for the names of the lines.
const LEGEND: u32 = 150;
/// The colour of text, replaced by a light one where the reader prefers a dark page.
const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);
const GREY: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
/// The colours of the lines, distinct on a light and on a dark page, and for colour-blind readers.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x2f, 0x81, 0xd6),
    RGBColor(0xe0, 0x7b, 0x1a),
    RGBColor(0x1f, 0x9e, 0x78),
    RGBColor(0xb8, 0x5f, 0xb5),
    RGBColor(0x9a, 0x87, 0x0c),
    RGBColor(0xd1, 0x4a, 0x5d),
    RGBColor(0x6f, 0x7f, 0x8f),
];

/// One line of the plot: a topology.
struct Line {
    name: String,
    colour: RGBColor,
    points: Vec<(f64, Spread)>,
}

/// One axis: the least and greatest value, and the places of its marks. A logarithmic axis has logarithms in their
/// place.
#[derive(Clone)]
struct Scale {
    is_logarithmic: bool,
    low: f64,
    high: f64,
    marks: Vec<f64>,
}

/// A plot of the figure as an SVG: a line for each topology, at each point the mean over the seeds with its 95 %
/// confidence interval. The text names no font of a system, and follows the reader's choice of a light or dark page.
///
/// # Errors
/// If no run measured the figure.
pub fn plot(rows: &[Row], measure: &Measure) -> Result<String, String> {
    let axis = Axis::of(rows);
    let lines = lines(rows, measure, axis);
    if lines.iter().all(|line| line.points.is_empty()) {
        return Err(format!("no run measured `{}`", measure.name));
    }
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area();
    draw(&root, &lines, measure, axis).map_err(|error| error.to_string())?;
    drop(root);
    Ok(styled(&text, &lines, measure, axis))
}

fn lines(rows: &[Row], measure: &Measure, axis: Axis) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let name = shown(&row.case.shape.to_string());
        let place = lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
            let colour = COLOURS[lines.len() % COLOURS.len()];
            lines.push(Line { name, colour, points: Vec::new() });
            lines.len() - 1
        });
        let x = if axis == Axis::Topology { place as f64 } else { axis.value(row) };
        lines[place].points.extend(row.spread(measure).map(|spread| (x, spread)));
    }
    lines
}

fn draw<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    lines: &[Line],
    measure: &Measure,
    axis: Axis,
) -> Result<(), Box<dyn Error>>
where
    B::ErrorType: 'static,
{
    let points = || lines.iter().flat_map(|line| &line.points);
    let across = if axis == Axis::Topology {
        Scale {
            is_logarithmic: false,
            low: -0.5,
            high: lines.len() as f64 - 0.5,
            marks: (0..lines.len()).map(|n| n as f64).collect(),
        }
    } else {
        Scale::at(points().map(|(x, _)| *x).collect())
    };
    let up = Scale::over(
        points().flat_map(|(_, spread)| [spread.mean - spread.error, spread.mean + spread.error, spread.mean]),
    );
    let small = ("sans-serif", 16).into_font().color(&INK);
    let mut chart = ChartBuilder::on(root)
        .margin(14)
        .margin_right(LEGEND as i32)
        .x_label_area_size(46)
        .y_label_area_size(70)
        .build_cartesian_2d(across.clone(), up.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.35))
        .axis_style(GREY)
        .label_style(small.clone())
        .axis_desc_style(small.clone())
        .x_labels(across.marks.len().max(2))
        .y_labels(up.marks.len().max(2))
        .x_label_formatter(&|x| match axis {
            Axis::Topology => lines.get(x.round() as usize).map(|line| line.name.clone()).unwrap_or_default(),
            _ => plain(across.value(*x)),
        })
        .y_label_formatter(&|y| plain(up.value(*y)))
        .x_desc(axis.name())
        .y_desc(measure.axis)
        .draw()?;
    for line in lines {
        let at = |(x, spread): &(f64, Spread)| (across.place(*x), up.place(spread.mean));
        chart.draw_series(LineSeries::new(line.points.iter().map(at), line.colour.stroke_width(2)))?;
        for point in &line.points {
            let (x, y) = at(point);
            let spread = point.1;
            let ends = [spread.mean - spread.error, spread.mean + spread.error].map(|end| up.place(end).max(up.low));
            chart.draw_series([PathElement::new([(x, ends[0]), (x, ends[1])], line.colour.stroke_width(2))])?;
            chart.draw_series([Circle::new((x, y), 4, line.colour.filled())])?;
        }
    }
    if axis != Axis::Topology {
        for (place, line) in lines.iter().enumerate() {
            let (x, y) = ((WIDTH - LEGEND + 12) as i32, 30 + 22 * place as i32);
            root.draw(&PathElement::new([(x, y), (x + 20, y)], line.colour.stroke_width(3)))?;
            root.draw(&Text::new(line.name.clone(), (x + 27, y - 7), small.clone()))?;
        }
    }
    root.present()?;
    Ok(())
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let part = (value - self.low) / (self.high - self.low);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _hint: H) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl Scale {
    /// A scale with marks at these values; logarithmic if the greatest is more than ten times the least.
    fn at(mut values: Vec<f64>) -> Scale {
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (low, high) = (values[0], values[values.len() - 1]);
        let is_logarithmic = low > 0.0 && high > 10.0 * low;
        let marks: Vec<f64> =
            values.into_iter().map(|value| if is_logarithmic { value.log10() } else { value }).collect();
        let (low, high) = (marks[0], marks[marks.len() - 1]);
        let room = ((high - low) * 0.04).max(0.02);
        Scale { is_logarithmic, low: low - room, high: high + room, marks }
    }

    /// A scale that contains these values: logarithmic if the greatest is more than fifty times the least, otherwise
    /// from 0.
    fn over(values: impl Iterator<Item = f64>) -> Scale {
        let values: Vec<f64> = values.collect();
        let high = values.iter().copied().fold(0.0, f64::max);
        let low = values.iter().copied().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        if low.is_finite() && high > 50.0 * low && values.iter().all(|value| *value > 0.0) {
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            let steps: &[f64] = if decades.clone().count() <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let (low, high) = (low.log10() - 0.05, high.log10() + 0.05);
            let marks = decades.flat_map(|decade| steps.iter().map(move |step| f64::from(decade) + step.log10()));
            return Scale {
                is_logarithmic: true,
                low,
                high,
                marks: marks.filter(|mark| (low..=high).contains(mark)).collect(),
            };
        }
        let high = if high == 0.0 { 1.0 } else { high };
        let decade = 10_f64.powf((high / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * decade).find(|step| high / step <= 6.0);
        let step = step.unwrap_or(decade);
        let marks = (0..=7).map(|place| f64::from(place) * step).filter(|mark| *mark <= high * 1.05).collect();
        Scale { is_logarithmic: false, low: 0.0, high: high * 1.05, marks }
    }

    /// The place of the value along the axis.
    fn place(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    /// The value at a place of the axis.
    fn value(&self, place: f64) -> f64 {
        if self.is_logarithmic { 10_f64.powf(place) } else { place }
    }
}

/// A number without digits that are all rounding.
fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.fract() == 0.0 { grouped(rounded as usize) } else { rounded.to_string() }
}

/// Adds a title, a description, and the colours for a dark page.
fn styled(text: &str, lines: &[Line], measure: &Measure, axis: Axis) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut head = format!("<title>{}</title><desc>", escaped(measure.axis));
    for line in lines {
        let _ = write!(head, "{}: ", escaped(&line.name));
        for (place, (x, spread)) in line.points.iter().enumerate() {
            let gap = if place == 0 { "" } else { ", " };
            let at = if axis == Axis::Topology {
                String::new()
            } else {
                format!(" at {} {}", plain(*x), escaped(axis.name()))
            };
            let _ = write!(head, "{gap}{}{at}", number(spread.mean));
        }
        head.push_str(". ");
    }
    head.push_str("</desc><style>@media (prefers-color-scheme: dark) { [fill=\"#24292F\"] { fill: #d1d9e0 } }</style>");
    match text.split_once('>') {
        Some((svg, rest)) => format!("{svg} role=\"img\">\n{head}{rest}"),
        None => text.to_owned(),
    }
}
