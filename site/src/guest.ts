/** Guests on the page: the element, figures taken from runs, and with them the way to the terminal and the Launcher. */
import './guest/element.ts'
import './guest/figure.ts'
