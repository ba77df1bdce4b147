import Foundation

/// The natural logarithm; the one place where the plots need the C library's mathematics.
func logarithm(_ value: Double) -> Double { Foundation.log(value) }
