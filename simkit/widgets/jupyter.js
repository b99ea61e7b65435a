
/** In Jupyter only: sliders of ipywidgets have no accessible name, so they get that of the label beside them, and menus keep
 *  their arrow keys.  A page without a kernel has none of these controls and leaves this file out. */
function helpControls() {
  for (const control of document.querySelectorAll(".widget-slider")) {
    const label = control.querySelector(".widget-label");
    control.querySelectorAll("[role=slider]").forEach((handle) => handle.setAttribute("aria-label", label ? label.textContent : ""));
  }
  document.querySelectorAll(".widget-dropdown select").forEach((menu) => { menu.dataset.lmSuppressShortcuts = "true"; });
}
