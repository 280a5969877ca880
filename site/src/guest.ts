/** Guests on the page: the element, and with it the way to the terminal and the Launcher. */
import './guest/element.ts'
